package gpt.sampling;

import java.util.Arrays;

/**
 * The tokens of one prompt and completion, counted for the penalties. Tokens that have left the
 * context window still count, and so does the beginning of a prompt that is longer than it.
 */
public final class History {
  /** Bit: the prompt contains the token; only the repetition penalty uses it. */
  public static final int IN_PROMPT = 1 << 30;

  /** Bits: how often the token was generated. */
  public static final int COUNT_MASK = IN_PROMPT - 1;

  /** The bits of each token (V). */
  private final int[] seen;

  /** An empty history. */
  public History(int vocabSize) {
    this(new int[vocabSize]);
  }

  private History(int[] seen) {
    this.seen = seen;
  }

  /** An independent copy. */
  public History copy() {
    return new History(seen.clone());
  }

  /** Clears the history and adds a prompt. */
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

  /** Takes back an {@link #add}. */
  public void remove(int id) {
    seen[id]--;
  }

  /** A token's {@link #COUNT_MASK} and {@link #IN_PROMPT} bits. */
  public int seen(int id) {
    return seen[id];
  }
}
