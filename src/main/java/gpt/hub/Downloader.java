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
 * Loads a model from the hub into the cache: its configuration, its weights as safetensors, and the
 * tokenizer's files. What the cache has is not loaded again. A file gets its name when it is
 * complete and its sum is right, and the revision its commit when all files are there.
 */
public final class Downloader {
  /** What is wanted where a model has it, besides its weights. */
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

  /** Hears how far a download is; from any thread. */
  public interface Listener {
    /**
     * All files are known.
     *
     * @param bytes of all of them
     * @param present bytes that are on the disk already
     */
    void planned(long bytes, long present);

    /** {@code done} of {@code total} bytes are on the disk. */
    void at(long done, long total);

    /** {@code done} of {@code size} bytes of a file that is all there are in its sum. */
    void checking(String file, long done, long size);

    /** Another process loads this file; it is waited for. */
    void waiting(String file);
  }

  /** Loads from the hub that the settings name into the cache that they name. */
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
   * Loads what is missing of a model.
   *
   * @return the folder with its files
   * @throws GptException where the hub does not give it, or the disk does not take it; files that
   *     are not complete stay, and a later call goes on with them
   */
  public Path download(HubName model) {
    if (settings.offline()) {
      throw new GptException(
          model
              + ": HF_HUB_OFFLINE is set, so nothing is downloaded; unset it, or copy the model"
              + " into the cache from another machine");
    }
    try (HubHttp http = new HubHttp(settings, tuning)) {
      Retries retries = new Retries(tuning);
      HubApi api = new HubApi(http, retries, model, settings.token().isPresent());
      return new Run(model, http, retries, api, api.commit()).run();
    } catch (FileSystemException e) {
      throw new GptException(
          settings.cache()
              + ": cannot be written: "
              + (e instanceof AccessDeniedException ? "no access to " : "")
              + Text.reason(e)
              + "; HF_HUB_CACHE names another folder",
          e);
    } catch (IOException e) {
      throw new GptException(settings.cache() + ": " + Text.reason(e), e);
    }
  }

  /** One call. */
  private final class Run {
    private final HubName model;
    private final String repository;
    private final HubHttp http;
    private final Retries retries;
    private final HubApi api;
    private final HubApi.Commit commit;
    private final Path snapshot;

    Run(HubName model, HubHttp http, Retries retries, HubApi api, HubApi.Commit commit) {
      this.model = model;
      this.repository = model.repository();
      this.http = http;
      this.retries = retries;
      this.api = api;
      this.commit = commit;
      this.snapshot = cache.snapshot(repository, commit.id());
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
            model
                + ": has no model.safetensors"
                + (commit.files().contains("pytorch_model.bin")
                    ? ", only a pytorch_model.bin, which is not read; another revision may have one"
                    : ""));
      }
      if (!commit.files().contains(HubCache.CONFIG)) {
        throw new GptException(model + ": has no config.json");
      }
    }

    private void checkType() throws IOException {
      JsonElement type = api.json(commit.id(), HubCache.CONFIG).get("model_type");
      if (type != null && type.isJsonPrimitive() && !type.getAsString().equals("gpt2")) {
        throw new GptException(
            model
                + ": is no GPT-2 but '"
                + Text.line(type.getAsString())
                + "'; its weights are not loaded");
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
          throw new GptException(model + ": its index names " + shard + ", which it does not have");
        }
        names.add(shard);
      }
      return names;
    }

    /** Refuses what the disk has no room for before the first of it is loaded. */
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
      Path there = snapshot;
      while (!Files.exists(there) && there.getParent() != null) {
        there = there.getParent();
      }
      long free = tuning.room().free(there);
      if (total - present > free) {
        throw new GptException(
            settings.cache()
                + ": "
                + model
                + " needs "
                + Bytes.text(total - present)
                + ", and "
                + Bytes.text(free)
                + " are free; make room, or set HF_HUB_CACHE to a folder on another disk");
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
      // What an earlier run left behind may be wrong; what this one loaded itself is the server's.
      if (!fetched(file, incomplete) && !fetched(file, incomplete)) {
        throw wrong(file);
      }
    }

    /** False where what an earlier run began was wrong, and is gone. */
    private boolean fetched(RemoteFile file, Path incomplete) throws IOException {
      try (PartialFile partial =
          PartialFile.open(incomplete, file.size(), tuning.ranges(file.size()))) {
        new Transfer(
                http,
                api,
                retries,
                api.address(commit.id(), file.name()),
                file,
                partial,
                this::further)
            .run();
        LongConsumer checked = at -> listener.checking(file.name(), at, file.size());
        if (!Checksum.matches(file.sum(), partial.channel(), file.size(), checked)) {
          done.addAndGet(-file.size());
          Files.deleteIfExists(incomplete);
          if (!partial.resumed()) {
            throw wrong(file);
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

    private void further(long bytes) {
      listener.at(done.addAndGet(bytes), total);
    }

    private GptException wrong(RemoteFile file) {
      return new GptException(
          http.host()
              + ": "
              + repository
              + ": "
              + file.name()
              + ": what came has not the sum that the hub gives, "
              + file.sum()
              + "; it is removed");
    }

    /** Gives the blob its name in the commit: a link, or the file itself where there are none. */
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
