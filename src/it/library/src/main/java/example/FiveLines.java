package example;

import static gpt.Options.options;

import gpt.Completion;
import gpt.Gpt;
import gpt.Options;

/** The five lines of the README. */
public final class FiveLines {
  private FiveLines() {}

  /** Prints a text as it comes, and another one at once. */
  public static void main(String[] args) {
    Options options = options().temperature(0.8).topK(40).maxNewTokens(60).seed(1);
    try (Gpt gpt = Gpt.load("shakespeare-char")) {
      gpt.stream("ROMEO:", options, token -> System.out.print(token.text()));
      Completion completion = gpt.complete("JULIET:");
      System.out.println("\n---\n" + completion.text().length());
    }
  }
}
