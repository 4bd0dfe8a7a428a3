package gpt.bench;

/**
 * A test, from an empty sequence: prefill of a prompt in one step, decode of tokens one by one, or
 * both.
 *
 * @param prompt tokens of the prompt, at least 0
 * @param generated tokens to decode, at least 0; not both 0
 * @param sequences sequences stepped together, at least 1
 */
public record BenchTest(int prompt, int generated, int sequences) {

  /** A test of one sequence. */
  public BenchTest(int prompt, int generated) {
    this(prompt, generated, 1);
  }

  /**
   * Its name, as in llama-bench: {@code pp512}, {@code tg128}, {@code pp512+tg128}; with several
   * sequences {@code tg128@16}.
   */
  public String name() {
    return sequences == 1 ? length() : length() + "@" + sequences;
  }

  private String length() {
    if (generated == 0) {
      return "pp" + prompt;
    }
    return prompt == 0 ? "tg" + generated : "pp" + prompt + "+tg" + generated;
  }

  /** Tokens of all sequences that pass through the model. */
  public int tokens() {
    return sequences * (prompt + generated);
  }
}
