package gpt.explore;

/**
 * Divides a text of any length into windows that fit the context window, for its loss. Every token
 * but the first is scored once.
 *
 * <p>With stride = T the windows do not overlap, as in nanoGPT: tokens [b, b + T) are read and [b +
 * 1, b + T + 1) are scored; the last window may be shorter. With a smaller stride they overlap: the
 * first window scores all its targets; each further one starts {@code stride} tokens later and
 * scores the targets that no earlier window scored, each after at least T − stride + 1 tokens. The
 * last window may score fewer, but still reads T tokens.
 *
 * @param tokens n, the length of the text, at least 2
 * @param context T, the context window (block_size), at least 1
 * @param stride tokens from one window to the next, 1 to T
 */
public record Windows(int tokens, int context, int stride) {
  /**
   * One forward pass: reads tokens [from, to) and scores tokens [first, to].
   *
   * @param from the first token read
   * @param to the end of the tokens read, and the last token scored
   * @param first the first token scored, after {@code from}
   */
  public record Window(int from, int to, int first) {}

  /** Checks the ranges. */
  public Windows {
    if (tokens < 2) {
      throw new IllegalArgumentException("a loss needs at least 2 tokens, found " + tokens);
    }
    if (stride < 1 || stride > context) {
      throw new IllegalArgumentException("stride: expected 1 to " + context + ", found " + stride);
    }
  }

  /** Number of windows. */
  public int count() {
    int afterFirstWindow = Math.max(0, tokens - 1 - context);
    return 1 + Math.ceilDiv(afterFirstWindow, stride);
  }

  /** Returns the window at an index, from 0. */
  public Window at(int index) {
    int last = tokens - 1;
    if (index == 0) {
      return new Window(0, Math.min(context, last), 1);
    }
    int lastScored = context + (index - 1) * stride; // by the windows before this one
    int to = Math.min(lastScored + stride, last);
    return new Window(stride == context ? lastScored : to - context, to, lastScored + 1);
  }
}
