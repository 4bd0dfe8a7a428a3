package gpt.cli;

/** Placeholder until the commands land. */
public final class Main {
  private Main() {}

  /** The program. */
  public static void main(String[] args) {
    System.err.println("gpt: no command yet");
    System.exit(1);
  }
}
