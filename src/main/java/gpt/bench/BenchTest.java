package gpt.bench;

/**
 * One thing to time, from an empty context: a prompt in one pass, tokens one after the other, or
 * both.
 *
 * @param prompt tokens of the prompt, at least 0
 * @param generated tokens decoded, at least 0; not both 0
 * @param sequences how many go through it together, at least 1
 */
public record BenchTest(int prompt, int generated, int sequences) {

  /** Of one sequence. */
  public BenchTest(int prompt, int generated) {
    this(prompt, generated, 1);
  }

  /**
   * As llama-bench calls it: {@code pp512}, {@code tg128}, {@code pp512+tg128}; and with several
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

  /** Tokens that pass through the model, of all sequences. */
  public int tokens() {
    return sequences * (prompt + generated);
  }
}
