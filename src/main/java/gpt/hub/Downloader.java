package gpt.hub;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gpt.GptException;
import gpt.model.Bytes;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * Downloads a model from the hub into the cache: its configuration, its weights as safetensors, and
 * the tokenizer's files. Files that the cache has are not downloaded again. A file gets its final
 * name once it is complete and its checksum matches; the revision points to the commit once all
 * files are complete.
 */
public final class Downloader {
  /** Files to download besides the weights, if the model has them. */
  private static final List<String> SMALL =
      List.of(
          HubCache.CONFIG,
          "generation_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "vocab.json",
          "merges.txt",
          "special_tokens_map.json",
          "added_tokens.json",
          "characters.json");

  private final HubSettings settings;
  private final HubCache cache;
  private final Tuning tuning;
  private final Listener listener;
  private final AtomicLong done = new AtomicLong();
  private long total;

  /** Receives the progress of a download; called from any thread. */
  public interface Listener {
    /**
     * The sizes of all files are known.
     *
     * @param bytes of all of them
     * @param present bytes that are already on disk
     */
    default void planned(long bytes, long present) {}

    /** {@code done} of {@code total} bytes are on disk. */
    default void at(long done, long total) {}

    /** {@code done} of {@code size} bytes of a complete file have been checked. */
    default void checking(String file, long done, long size) {}

    /** Waits for another process that is downloading this file. */
    default void waiting(String file) {}
  }

  /** Downloads from the hub of the settings into the cache of the settings. */
  public Downloader(HubSettings settings, Listener listener) {
    this(settings, Tuning.USUAL, listener);
  }

  Downloader(HubSettings settings, Tuning tuning, Listener listener) {
    this.settings = settings;
    this.cache = new HubCache(settings.cache());
    this.tuning = tuning;
    this.listener = listener;
  }

  /**
   * Downloads the missing files of a model.
   *
   * @return the folder with its files
   * @throws GptException if the hub does not deliver it or the disk cannot store it; partial files
   *     are kept, and a later call resumes them
   */
  public Path download(HubName model) {
    if (settings.offline()) {
      throw new GptException(
          model
              + ": HF_HUB_OFFLINE is set, so nothing is downloaded; unset it, or copy the model"
              + " into the cache from another machine");
    }
    try (HubHttp http = new HubHttp(settings, tuning)) {
      boolean token = settings.token().isPresent();
      return new Download(new HubApi(http, new Retries(tuning), model, token)).run();
    } catch (FileSystemException e) {
      throw new GptException(
          "%s: cannot write to it: %s%s; set HF_HUB_CACHE to another folder"
              .formatted(
                  settings.cache(),
                  e instanceof AccessDeniedException ? "no access to " : "",
                  Text.reason(e)),
          e);
    } catch (IOException e) {
      throw new GptException(settings.cache() + ": " + Text.reason(e), e);
    }
  }

  /** The state of one call. */
  private final class Download {
    private final HubApi api;
    private final HubApi.Commit commit;
    private final HubName model;
    private final String repository;
    private final Path snapshot;

    Download(HubApi api) throws IOException {
      this.api = api;
      commit = api.commit();
      model = api.model();
      repository = model.repository();
      snapshot = cache.snapshot(repository, commit.id());
    }

    Path run() throws IOException {
      checkWeights();
      checkType();
      List<RemoteFile> files = new ArrayList<>();
      for (String name : wanted()) {
        files.add(api.describe(commit.id(), name));
      }
      plan(files);
      for (RemoteFile file : files) {
        load(file);
      }
      remember();
      return snapshot;
    }

    private void checkWeights() {
      boolean weights =
          commit.files().contains(HubCache.WEIGHTS) || commit.files().contains(HubCache.INDEX);
      if (!weights) {
        throw new GptException(
            "%s: expected a model.safetensors, found none%s"
                .formatted(
                    model,
                    commit.files().contains("pytorch_model.bin")
                        ? ", only a pytorch_model.bin, which is not supported; try another revision"
                        : ""));
      }
      if (!commit.files().contains(HubCache.CONFIG)) {
        throw new GptException(model + ": expected a config.json, found none");
      }
    }

    private void checkType() throws IOException {
      JsonElement type = api.json(commit.id(), HubCache.CONFIG).get("model_type");
      if (type != null && type.isJsonPrimitive() && !type.getAsString().equals("gpt2")) {
        throw new GptException(
            model
                + ": expected model_type gpt2, found '"
                + Text.line(type.getAsString())
                + "'; only GPT-2 models are supported");
      }
    }

    private Set<String> wanted() throws IOException {
      Set<String> names = new TreeSet<>(SMALL);
      names.retainAll(commit.files());
      if (commit.files().contains(HubCache.WEIGHTS)) {
        names.add(HubCache.WEIGHTS);
        return names;
      }
      names.add(HubCache.INDEX);
      JsonObject index = api.json(commit.id(), HubCache.INDEX);
      for (String shard : SmallJson.shards(model + ": " + HubCache.INDEX, index)) {
        if (!commit.files().contains(shard)) {
          throw new GptException(
              model + ": the index lists " + shard + ", which the repository lacks");
        }
        names.add(shard);
      }
      return names;
    }

    /** Fails before the download if the disk has too little space. */
    private void plan(List<RemoteFile> files) throws IOException {
      long present = 0;
      total = 0;
      for (RemoteFile file : files) {
        total = Math.addExact(total, file.size());
        present +=
            isPresent(file)
                ? file.size()
                : PartialFile.loaded(PartialFile.of(blob(file)), file.size());
      }
      done.set(present);
      Path existing = snapshot;
      while (!Files.exists(existing) && existing.getParent() != null) {
        existing = existing.getParent();
      }
      long free = tuning.space().free(existing);
      if (total - present > free) {
        throw new GptException(
            ("%s: %s needs %s, and %s are free; free some space, or set HF_HUB_CACHE to a"
                    + " folder on another disk")
                .formatted(settings.cache(), model, Bytes.text(total - present), Bytes.text(free)));
      }
      Files.createDirectories(snapshot);
      Files.createDirectories(cache.blob(repository, "x").getParent());
      listener.planned(total, present);
    }

    private Path blob(RemoteFile file) {
      return cache.blob(repository, file.sum());
    }

    private boolean isPresent(RemoteFile file) throws IOException {
      return hasSize(snapshot.resolve(file.name()), file) || hasSize(blob(file), file);
    }

    private static boolean hasSize(Path path, RemoteFile file) throws IOException {
      return Files.isRegularFile(path) && Files.size(path) == file.size();
    }

    private void load(RemoteFile file) throws IOException {
      if (hasSize(snapshot.resolve(file.name()), file)) {
        return;
      }
      try (BlobLock _ =
          BlobLock.take(cache.lock(repository, file.sum()), () -> listener.waiting(file.name()))) {
        if (!isPresent(file)) {
          fetch(file);
        }
        link(file);
      }
    }

    private void fetch(RemoteFile file) throws IOException {
      Path incomplete = PartialFile.of(blob(file));
      // A partial file of an earlier download may be corrupt: then try once more from the start.
      if (!fetched(file, incomplete) && !fetched(file, incomplete)) {
        throw checksumMismatch(file);
      }
    }

    /** False if an earlier download's partial file was corrupt; it is deleted then. */
    private boolean fetched(RemoteFile file, Path incomplete) throws IOException {
      try (PartialFile partial =
          PartialFile.open(incomplete, file.size(), tuning.ranges(file.size()))) {
        new Transfer(api, api.address(commit.id(), file.name()), file, partial, this::progressed)
            .run();
        LongConsumer checked = at -> listener.checking(file.name(), at, file.size());
        if (!Checksum.matches(file.sum(), partial.channel(), file.size(), checked)) {
          done.addAndGet(-file.size());
          Files.deleteIfExists(incomplete);
          if (!partial.resumed()) {
            throw checksumMismatch(file);
          }
          return false;
        }
        partial.finish();
      }
      Files.move(
          incomplete,
          blob(file),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      return true;
    }

    private void progressed(long bytes) {
      listener.at(done.addAndGet(bytes), total);
    }

    private GptException checksumMismatch(RemoteFile file) {
      return new GptException(
          "%s: %s: %s: checksum mismatch: expected %s; the file was deleted, download it again"
              .formatted(api.http().host(), repository, file.name(), file.sum()));
    }

    /** Links the blob into the snapshot; moves it there on systems without links. */
    private void link(RemoteFile file) throws IOException {
      Path name = snapshot.resolve(file.name());
      if (hasSize(name, file)) {
        return;
      }
      Files.deleteIfExists(name);
      try {
        Files.createSymbolicLink(name, snapshot.relativize(blob(file)));
      } catch (UnsupportedOperationException | FileSystemException e) {
        Files.move(blob(file), name, StandardCopyOption.ATOMIC_MOVE);
      }
    }

    /** What the revision stands for, and which files other tools need not ask for. */
    private void remember() throws IOException {
      for (String name : SMALL) {
        Path absent = cache.absent(repository, commit.id(), name);
        if (!commit.files().contains(name) && !Files.exists(absent)) {
          Files.createDirectories(absent.getParent());
          Files.write(absent, new byte[0]);
        }
      }
      Path ref = cache.ref(repository, model.revision());
      boolean known =
          Files.isRegularFile(ref)
              && new String(Files.readAllBytes(ref), US_ASCII).equals(commit.id());
      if (!known && !model.revision().equals(commit.id())) {
        Files.createDirectories(ref.getParent());
        Path written = ref.resolveSibling("." + UUID.randomUUID() + ".tmp");
        Files.write(written, commit.id().getBytes(US_ASCII));
        Files.move(
            written, ref, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }
}
