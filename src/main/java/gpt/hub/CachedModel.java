package gpt.hub;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One commit of a model in the cache, complete or partly downloaded.
 *
 * @param repository {@code ORG/NAME}, or a bare name in an old cache
 * @param revisions branches and tags that point to the commit, {@code main} first
 * @param commit 40 hexadecimal digits; empty if no file is complete yet
 * @param folder the snapshot's folder; the repository's folder if there is no commit
 * @param bytes on disk, partial downloads included
 * @param state whether it can be run
 * @param type {@code model_type} of its {@code config.json}, {@code gpt2} for one
 */
public record CachedModel(
    String repository,
    List<String> revisions,
    Optional<String> commit,
    Path folder,
    long bytes,
    State state,
    Optional<String> type) {

  /** How much of a model the cache has. */
  public enum State {
    /** Its configuration and all of its weights. */
    COMPLETE,
    /** A download was interrupted. */
    INCOMPLETE,
    /** No safetensors: another tool downloaded it without weights or in another format. */
    NO_WEIGHTS
  }

  /** The name that {@code --model} accepts. */
  public String name() {
    String suffix =
        revisions.contains(HubName.MAIN)
            ? ""
            : revisions.stream().findFirst().or(() -> commit).map(r -> "@" + r).orElse("");
    return repository + suffix;
  }
}
