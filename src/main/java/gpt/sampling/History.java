package gpt.sampling;

import java.util.Arrays;

/**
 * What one text holds, as far as penalties ask for it. It belongs to the text, not to the model's
 * context: a token that the context has slid past still counts, and so does the beginning of a
 * prompt that was too long for it.
 */
public final class History {
  /** Set where the prompt has the id; only the repetition penalty asks for that. */
  public static final int IN_PROMPT = 1 << 30;

  /** The bits that count how often the id was generated. */
  public static final int COUNT_MASK = IN_PROMPT - 1;

  /** For each id its count and {@link #IN_PROMPT} (V). */
  private final int[] seen;

  /** A history without any token. */
  public History(int vocabSize) {
    this(new int[vocabSize]);
  }

  private History(int[] seen) {
    this.seen = seen;
  }

  /** A history with the same tokens, which goes on by itself. */
  public History copy() {
    return new History(seen.clone());
  }

  /** Forgets everything and begins a text. */
  public void start(int[] prompt) {
    Arrays.fill(seen, 0);
    for (int id : prompt) {
      seen[id] |= IN_PROMPT;
    }
  }

  /** Counts a generated token. */
  public void add(int id) {
    seen[id]++;
  }

  /** How often the id was generated, and {@link #IN_PROMPT} where the prompt has it. */
  public int seen(int id) {
    return seen[id];
  }
}
