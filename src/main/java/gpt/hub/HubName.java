package gpt.hub;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The name of a model on the hub: {@code ORG/NAME[@REVISION]}, or the short name of one of the
 * published GPT-2 models, such as {@code gpt2}.
 *
 * @param repository {@code ORG/NAME}
 * @param revision a branch, tag or commit; {@code main} by default
 * @param shortName the name without organization that the repository had in the past; caches filled
 *     at that time still use it
 */
public record HubName(String repository, String revision, Optional<String> shortName) {
  /** The default revision. */
  public static final String MAIN = "main";

  private static final int MAX_REPOSITORY_LENGTH = 96;
  private static final int MAX_REVISION_LENGTH = 200;

  private static final Map<String, Published> PUBLISHED = new LinkedHashMap<>();

  private static final Pattern REPOSITORY =
      Pattern.compile("[A-Za-z0-9]([\\w.-]*\\w)?/[A-Za-z0-9]([\\w.-]*\\w)?");

  private static final Pattern REVISION = Pattern.compile("\\w[\\w.-]*(/\\w[\\w.-]*)*");

  /** A repository and the size of its weights in bytes. */
  private record Published(String repository, long bytes) {}

  static {
    PUBLISHED.put("gpt2", new Published("openai-community/gpt2", 548_000_000L));
    PUBLISHED.put("gpt2-medium", new Published("openai-community/gpt2-medium", 1_520_000_000L));
    PUBLISHED.put("gpt2-large", new Published("openai-community/gpt2-large", 3_247_000_000L));
    PUBLISHED.put("gpt2-xl", new Published("openai-community/gpt2-xl", 6_432_000_000L));
    PUBLISHED.put("distilgpt2", new Published("distilbert/distilgpt2", 353_000_000L));
  }

  /** The short names of the published GPT-2 models, the smallest first. */
  public static Set<String> published() {
    return PUBLISHED.keySet();
  }

  /** Parses a name; empty if it is not one. */
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
        ? Optional.of(new HubName(name, revision, shortName(name)))
        : Optional.empty();
  }

  /** Applies the hub's rules for names: only these become part of a path or URL. */
  static boolean isRepository(String name) {
    return name.length() <= MAX_REPOSITORY_LENGTH
        && REPOSITORY.matcher(name).matches()
        && !name.contains("--")
        && !name.contains("..")
        && !name.endsWith(".git");
  }

  static boolean isRevision(String revision) {
    return revision.length() <= MAX_REVISION_LENGTH
        && REVISION.matcher(revision).matches()
        && !revision.contains("..")
        && !revision.endsWith(".lock");
  }

  private static Optional<String> shortName(String repository) {
    return PUBLISHED.entrySet().stream()
        .filter(e -> e.getValue().repository().equals(repository))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  /** The size of the weights in bytes, for the published GPT-2 models. */
  public Optional<Long> publishedBytes() {
    return shortName.map(e -> PUBLISHED.get(e).bytes());
  }

  /** The repository names under which a cache may have the model, the current one first. */
  List<String> cachedAs() {
    return shortName.map(e -> List.of(repository, e)).orElse(List.of(repository));
  }

  /** The shortest form that {@code --model} accepts. */
  @Override
  public String toString() {
    return shortName.orElse(repository) + (revision.equals(MAIN) ? "" : "@" + revision);
  }
}
