package gpt.bench;

/**
 * One thing to time, from an empty context: a prompt in one pass, tokens one after the other, or
 * both.
 *
 * @param prompt tokens of the prompt, at least 0
 * @param generated tokens decoded, at least 0; not both 0
 */
public record BenchTest(int prompt, int generated) {

  /** As llama-bench calls it: {@code pp512}, {@code tg128}, {@code pp512+tg128}. */
  public String name() {
    if (generated == 0) {
      return "pp" + prompt;
    }
    return prompt == 0 ? "tg" + generated : "pp" + prompt + "+tg" + generated;
  }

  /** Tokens that pass through the model. */
  public int tokens() {
    return prompt + generated;
  }
}
