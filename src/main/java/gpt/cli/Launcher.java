package gpt.cli;

/**
 * The main class of gpt.jar. Compiled for Java 8, so that every Java can load it: one that is too
 * old prints a line that says what is needed instead of a stack trace.
 */
public final class Launcher {
  /** The oldest Java release that runs the rest of the jar. */
  private static final int REQUIRED = 25;

  private Launcher() {}

  /**
   * Hands over to {@code gpt.cli.Main} where this Java is new enough.
   *
   * @param args the command line
   * @throws Exception never on a sound jar: the class and its main method are looked up by name
   */
  public static void main(String[] args) throws Exception {
    int running = release(System.getProperty("java.specification.version", "0"));
    if (running < REQUIRED) {
      System.err.println(
          "gpt: needs Java "
              + REQUIRED
              + " or later, this is Java "
              + running
              + " ("
              + System.getProperty("java.home")
              + "); get it from https://adoptium.net, or run scripts/gpt, which finds an"
              + " installed one");
      System.exit(1);
    }
    Class.forName("gpt.cli.Main").getMethod("main", String[].class).invoke(null, (Object) args);
  }

  /** "1.8" is 8, "25" is 25. */
  private static int release(String version) {
    String feature = version.startsWith("1.") ? version.substring(2) : version;
    try {
      return Integer.parseInt(feature);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
