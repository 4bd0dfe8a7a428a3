package gpt.hub;

import gpt.GptException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A model on the hub, {@code ORG/NAME[@REVISION]}, or one of GPT-2's own by its bare name.
 *
 * @param repository {@code ORG/NAME}
 * @param revision a branch, a tag or a commit; {@code main} where none was named
 * @param earlier the bare name that the repository had before it moved to an organisation: caches
 *     filled by then have it
 */
public record HubName(String repository, String revision, Optional<String> earlier) {
  /** The revision where none is named. */
  public static final String MAIN = "main";

  private static final int LONGEST_REPOSITORY = 96;
  private static final int LONGEST_REVISION = 200;

  private static final Map<String, Published> PUBLISHED = new LinkedHashMap<>();

  private static final Pattern REPOSITORY =
      Pattern.compile("[A-Za-z0-9]([\\w.-]*\\w)?/[A-Za-z0-9]([\\w.-]*\\w)?");

  private static final Pattern REVISION = Pattern.compile("\\w[\\w.-]*(/\\w[\\w.-]*)*");

  /** The repository, and the size of its weights in bytes. */
  private record Published(String repository, long bytes) {}

  static {
    PUBLISHED.put("gpt2", new Published("openai-community/gpt2", 548_000_000L));
    PUBLISHED.put("gpt2-medium", new Published("openai-community/gpt2-medium", 1_520_000_000L));
    PUBLISHED.put("gpt2-large", new Published("openai-community/gpt2-large", 3_247_000_000L));
    PUBLISHED.put("gpt2-xl", new Published("openai-community/gpt2-xl", 6_432_000_000L));
    PUBLISHED.put("distilgpt2", new Published("distilbert/distilgpt2", 353_000_000L));
  }

  /** The bare names: GPT-2's own models, the smallest first. */
  public static Set<String> published() {
    return PUBLISHED.keySet();
  }

  /** What a text names; empty where it is no such name. */
  public static Optional<HubName> parse(String text) {
    int at = text.indexOf('@');
    String name = at < 0 ? text : text.substring(0, at);
    String revision = at < 0 ? MAIN : text.substring(at + 1);
    if (!isRevision(revision)) {
      return Optional.empty();
    }
    if (PUBLISHED.containsKey(name)) {
      return Optional.of(
          new HubName(PUBLISHED.get(name).repository(), revision, Optional.of(name)));
    }
    return isRepository(name)
        ? Optional.of(new HubName(name, revision, bareName(name)))
        : Optional.empty();
  }

  /**
   * As {@link #parse}.
   *
   * @throws GptException where the text is no such name
   */
  public static HubName of(String text) {
    return parse(text)
        .orElseThrow(
            () ->
                new GptException(
                    "'"
                        + Text.line(text)
                        + "' names no model of the hub; expected "
                        + String.join(", ", PUBLISHED.keySet())
                        + " or ORG/NAME, and @REVISION behind it"));
  }

  /** The hub's rules for names, so that nothing else becomes a path or part of an address. */
  static boolean isRepository(String name) {
    return name.length() <= LONGEST_REPOSITORY
        && REPOSITORY.matcher(name).matches()
        && !name.contains("--")
        && !name.contains("..")
        && !name.endsWith(".git");
  }

  static boolean isRevision(String revision) {
    return revision.length() <= LONGEST_REVISION
        && REVISION.matcher(revision).matches()
        && !revision.contains("..")
        && !revision.endsWith(".lock");
  }

  private static Optional<String> bareName(String repository) {
    return PUBLISHED.entrySet().stream()
        .filter(e -> e.getValue().repository().equals(repository))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /** The weights' size in bytes, for one of GPT-2's own. */
  public Optional<Long> publishedBytes() {
    return earlier.map(e -> PUBLISHED.get(e).bytes());
  }

  /** The repositories that the model may be cached as, the present one first. */
  List<String> cachedAs() {
    return earlier.map(e -> List.of(repository, e)).orElse(List.of(repository));
  }

  /** As {@code --model} takes it, at its shortest. */
  @Override
  public String toString() {
    return earlier.orElse(repository) + (revision.equals(MAIN) ? "" : "@" + revision);
  }
}
