package gpt.hub;

import com.google.gson.JsonObject;
import gpt.GptException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder in which Hugging Face's tools keep downloaded files:
 *
 * <pre>
 * models--ORG--NAME/blobs/SUM                  the files, named by their checksums
 * models--ORG--NAME/refs/main                  the commit that a branch or tag points to
 * models--ORG--NAME/snapshots/COMMIT/FILE      a link, ../../blobs/SUM
 * models--ORG--NAME/.no_exist/COMMIT/FILE      empty: the commit has no such file
 * .locks/models--ORG--NAME/SUM.lock            held during that blob's download
 * </pre>
 */
public final class HubCache {
  static final String CONFIG = "config.json";
  static final String WEIGHTS = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final String FOLDER = "models--";
  private static final String SEPARATOR = "--";
  private static final String INCOMPLETE = ".incomplete";

  private final Path root;

  /**
   * A cache in a folder.
   *
   * @param root the folder, which need not exist
   */
  public HubCache(Path root) {
    this.root = root;
  }

  /** Whether a text is a full commit id. */
  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  Path folder(String repository) {
    return root.resolve(FOLDER + repository.replace("/", SEPARATOR));
  }

  Path blob(String repository, String sum) {
    return folder(repository).resolve("blobs").resolve(sum);
  }

  Path lock(String repository, String sum) {
    return root.resolve(".locks")
        .resolve(FOLDER + repository.replace("/", SEPARATOR))
        .resolve(sum + ".lock");
  }

  Path snapshot(String repository, String commit) {
    return folder(repository).resolve("snapshots").resolve(commit);
  }

  Path ref(String repository, String revision) {
    return folder(repository).resolve("refs").resolve(revision);
  }

  Path absent(String repository, String commit, String file) {
    return folder(repository).resolve(".no_exist").resolve(commit).resolve(file);
  }

  /** The snapshot with a model's configuration and all of its weights; empty if there is none. */
  public Optional<Path> find(HubName name) {
    return name.cachedAs().stream()
        .flatMap(
            repository ->
                commit(repository, name.revision()).stream()
                    .map(commit -> snapshot(repository, commit)))
        .filter(HubCache::isComplete)
        .findFirst();
  }

  private Optional<String> commit(String repository, String revision) {
    return isCommit(revision) ? Optional.of(revision) : commit(ref(repository, revision));
  }

  private static Optional<String> commit(Path ref) {
    try {
      if (!Files.isRegularFile(ref) || Files.size(ref) > 100) {
        return Optional.empty();
      }
      return Optional.of(new String(Files.readAllBytes(ref), StandardCharsets.UTF_8).strip())
          .filter(HubCache::isCommit);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static boolean isComplete(Path snapshot) {
    if (!Files.isRegularFile(snapshot.resolve(CONFIG))) {
      return false;
    }
    if (Files.isRegularFile(snapshot.resolve(WEIGHTS))) {
      return true;
    }
    Path index = snapshot.resolve(INDEX);
    try {
      return Files.isRegularFile(index)
          && SmallJson.shards(index).stream()
              .allMatch(s -> Files.isRegularFile(snapshot.resolve(s)));
    } catch (GptException e) {
      return false; // an invalid index
    }
  }

  /**
   * All models, sorted by name, one entry per commit.
   *
   * @throws GptException if the folder exists and cannot be read
   */
  public List<CachedModel> models() {
    List<CachedModel> models = new ArrayList<>();
    try {
      for (Path folder : entries(root)) {
        String name = folder.getFileName().toString();
        if (name.startsWith(FOLDER) && Files.isDirectory(folder)) {
          models.addAll(models(name.substring(FOLDER.length()).replace(SEPARATOR, "/"), folder));
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw new GptException(root + ": cannot be read: " + Text.reason(e), e);
    }
    models.sort(Comparator.comparing(CachedModel::name));
    return models;
  }

  private static List<CachedModel> models(String repository, Path folder) throws IOException {
    Map<String, List<String>> revisions = revisions(folder.resolve("refs"));
    OptionalLong partialBytes = partialBytes(folder.resolve("blobs"));
    List<CachedModel> models = new ArrayList<>();
    for (Path snapshot : entries(folder.resolve("snapshots"))) {
      String commit = snapshot.getFileName().toString();
      if (isCommit(commit)) {
        models.add(
            model(
                repository,
                snapshot,
                commit,
                revisions.getOrDefault(commit, List.of()),
                partialBytes));
      }
    }
    if (models.isEmpty() && partialBytes.isPresent()) {
      models.add(
          new CachedModel(
              repository,
              List.of(HubName.MAIN),
              Optional.empty(),
              folder,
              partialBytes.getAsLong(),
              CachedModel.State.INCOMPLETE,
              Optional.empty()));
    }
    return models;
  }

  private static CachedModel model(
      String repository,
      Path snapshot,
      String commit,
      List<String> revisions,
      OptionalLong partialBytes)
      throws IOException {
    boolean complete = isComplete(snapshot);
    boolean index = Files.isRegularFile(snapshot.resolve(INDEX));
    CachedModel.State state =
        complete
            ? CachedModel.State.COMPLETE
            : partialBytes.isPresent() || index
                ? CachedModel.State.INCOMPLETE
                : CachedModel.State.NO_WEIGHTS;
    return new CachedModel(
        repository,
        revisions,
        Optional.of(commit),
        snapshot,
        size(snapshot) + (complete ? 0 : partialBytes.orElse(0)),
        state,
        type(snapshot.resolve(CONFIG)));
  }

  /** Branches and tags by commit, {@code main} first. */
  private static Map<String, List<String>> revisions(Path refs) throws IOException {
    Map<String, List<String>> all = new TreeMap<>();
    if (!Files.isDirectory(refs)) {
      return all;
    }
    try (Stream<Path> files = Files.walk(refs, 8)) {
      for (Path file : files.sorted().toList()) {
        String name = refs.relativize(file).toString().replace('\\', '/');
        Optional<String> commit = HubName.isRevision(name) ? commit(file) : Optional.empty();
        commit.ifPresent(c -> all.computeIfAbsent(c, k -> new ArrayList<>()).add(name));
      }
    }
    all.values().forEach(n -> n.sort(Comparator.comparing((String s) -> !s.equals(HubName.MAIN))));
    return all;
  }

  /** The bytes of partial files, this program's or another's; empty if there are none. */
  private static OptionalLong partialBytes(Path blobs) throws IOException {
    OptionalLong bytes = OptionalLong.empty();
    for (Path file : entries(blobs)) {
      if (file.getFileName().toString().endsWith(INCOMPLETE)) {
        bytes = OptionalLong.of(bytes.orElse(0) + PartialFile.loaded(file));
      }
    }
    return bytes;
  }

  private static long size(Path snapshot) throws IOException {
    long bytes = 0;
    try (Stream<Path> files = Files.walk(snapshot)) {
      for (Path file : files.toList()) {
        // A link may point to a deleted blob.
        bytes += Files.isRegularFile(file) ? Files.size(file) : 0;
      }
    }
    return bytes;
  }

  private static Optional<String> type(Path config) {
    try {
      JsonObject json = SmallJson.object(config);
      return json.has("model_type")
          ? Optional.of(Text.line(json.get("model_type").getAsString()))
          : Optional.empty();
    } catch (GptException | IllegalStateException | UnsupportedOperationException e) {
      return Optional.empty();
    }
  }

  private static List<Path> entries(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
