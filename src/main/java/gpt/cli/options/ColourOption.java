package gpt.cli.options;

import gpt.cli.output.Terminal;
import java.util.Iterator;
import java.util.Map;
import picocli.CommandLine.Option;

/** Whether output may be coloured. */
@OptionGroup.In(OptionGroup.OUTPUT)
public final class ColourOption {
  @Option(
      names = "--color",
      paramLabel = "auto|always|never",
      defaultValue = "auto",
      completionCandidates = Words.class,
      description =
          "Coloured output: auto (on a terminal, unless NO_COLOR is set), always or never."
              + " Default: ${DEFAULT-VALUE}")
  private When when;

  /** The option's words. */
  public enum When {
    AUTO,
    ALWAYS,
    NEVER
  }

  /** Whether to colour standard output. */
  public boolean wanted() {
    return wanted(when, Terminal.isStandardOutput(), System.getenv());
  }

  /** Whether to colour output that goes to a terminal or not. */
  public static boolean wanted(When when, boolean terminal, Map<String, String> environment) {
    return switch (when) {
      case ALWAYS -> true;
      case NEVER -> false;
      case AUTO ->
          terminal
              && environment.getOrDefault("NO_COLOR", "").isEmpty()
              && !"dumb".equals(environment.get("TERM"));
    };
  }

  /** For the completion script. */
  static final class Words implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Choice.words(When.class).iterator();
    }
  }
}
