package example;

import static gpt.Options.options;

import gpt.Completion;
import gpt.Gpt;

/** The five lines of the README. */
public final class FiveLines {
  private FiveLines() {}

  /** Prints a text as it comes, and another one at once. */
  public static void main(String[] args) {
    try (Gpt gpt = Gpt.load("shakespeare-char")) {
      gpt.stream(
          "ROMEO:",
          options().temperature(0.8).topK(40).maxNewTokens(60),
          token -> System.out.print(token.text()));
      Completion completion = gpt.complete("JULIET:");
      System.out.println("\n\nJULIET:" + completion.text());
    }
  }
}
