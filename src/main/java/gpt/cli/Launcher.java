package gpt.cli;

/**
 * The main class of gpt.jar. It is compiled for Java 8, so that every Java can load it: an older
 * Java then gets a one-line message instead of a stack trace.
 */
public final class Launcher {
  /** The oldest Java release that runs the rest of the jar. */
  private static final int REQUIRED = 25;

  private Launcher() {}

  /**
   * Calls {@link Main} if this Java is new enough and the command line's libraries are on the class
   * path.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    int running = release(System.getProperty("java.specification.version", "0"));
    if (running < REQUIRED) {
      fail(
          "needs Java "
              + REQUIRED
              + " or later, this is Java "
              + running
              + " ("
              + System.getProperty("java.home")
              + "); get it from https://adoptium.net, or run scripts/gpt, which finds an"
              + " installed one");
    }
    try {
      Class.forName("picocli.CommandLine", false, Launcher.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      fail(
          "this is the library's jar, and picocli, which the command line needs, is not on the"
              + " class path; run target/gpt.jar, which contains it");
    }
    Main.main(args); // loaded here, so after the checks
  }

  private static void fail(String message) {
    System.err.println("gpt: " + message);
    System.exit(1);
  }

  /** The feature release: 8 for "1.8", 25 for "25"; 0 if the text is not a version. */
  private static int release(String version) {
    String feature = version.startsWith("1.") ? version.substring(2) : version;
    try {
      return Integer.parseInt(feature);
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
