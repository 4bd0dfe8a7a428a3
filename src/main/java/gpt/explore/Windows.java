package gpt.explore;

/**
 * How a text of any length is cut to what a context holds. Every token but the first is scored
 * once.
 *
 * <p>Where windows lie side by side (stride = context), they are nanoGPT's: tokens [b, b + T) are
 * read and [b + 1, b + T + 1) are scored; the last window may be shorter. Where they overlap, the
 * first is scored whole and each further one goes on by {@code stride} tokens, of which it scores
 * those that no window before it has, each after T − stride + 1 others or more. The last one, which
 * may have fewer left to score, still reads T tokens.
 *
 * @param tokens n, tokens of the text, at least 2
 * @param context T, tokens that the model sees at once, at least 1
 * @param stride tokens from one window to the next, 1 to T
 */
public record Windows(int tokens, int context, int stride) {
  /**
   * One pass over the model.
   *
   * @param from the first token that is read
   * @param to the token after the last one that is read; it is scored, and so are all back to
   *     {@code first}
   * @param first the first token that is scored, after {@code from}
   */
  public record Window(int from, int to, int first) {
    /** Tokens that are scored: {@code first} to {@code to}. */
    public int scored() {
      return to - first + 1;
    }
  }

  /** Checks the ranges. */
  public Windows {
    if (tokens < 2) {
      throw new IllegalArgumentException("a text needs 2 tokens for a loss, found " + tokens);
    }
    if (stride < 1 || stride > context) {
      throw new IllegalArgumentException("stride: from 1 to " + context + ", found " + stride);
    }
  }

  /** How many there are. */
  public int count() {
    int behindTheFirst = Math.max(0, tokens - 1 - context);
    return 1 + Math.ceilDiv(behindTheFirst, stride);
  }

  /** The window at an index, from 0 on. */
  public Window at(int index) {
    int last = tokens - 1;
    if (index == 0) {
      return new Window(0, Math.min(context, last), 1);
    }
    int before = context + (index - 1) * stride; // all up to here are scored
    int to = Math.min(before + stride, last);
    return new Window(stride == context ? before : to - context, to, before + 1);
  }
}
