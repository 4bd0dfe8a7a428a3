package gpt.hub;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * One commit of a model in the cache, or what was begun of it.
 *
 * @param repository {@code ORG/NAME}, or a bare name in an old cache
 * @param revisions branches and tags that stand for the commit, {@code main} first
 * @param commit its 40 hexadecimal digits; empty where not a file of it is complete
 * @param folder where its files are; the repository's own where there is no commit
 * @param bytes on disk, with what is loaded of files that are not complete
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

  /** What there is of a model. */
  public enum State {
    /** Its configuration and all of its weights. */
    COMPLETE,
    /** A download of it was cut off. */
    INCOMPLETE,
    /** No weights as safetensors: some other tool's, which needed none or has others. */
    NO_WEIGHTS
  }

  /** As {@code --model} takes it. */
  public String name() {
    String behind =
        revisions.contains(HubName.MAIN)
            ? ""
            : revisions.stream().findFirst().or(() -> commit).map(r -> "@" + r).orElse("");
    return repository + behind;
  }
}
