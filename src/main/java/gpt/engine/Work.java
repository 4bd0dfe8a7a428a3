package gpt.engine;

/**
 * What a step does for one sequence.
 *
 * @param sequence the sequence
 * @param append ids to append; none is the token drawn last, which a device may still have
 * @param want what the step leaves for the caller
 */
public record Work(Sequence sequence, int[] append, Want want) {
  private static final int[] DRAWN = {};

  /** Appends ids, and only that. */
  public static Work append(Sequence sequence, int... ids) {
    return new Work(sequence, ids, Want.NOTHING);
  }

  /** Appends the token that was drawn last. */
  public static Work appendDrawn(Sequence sequence, Want want) {
    return new Work(sequence, DRAWN, want);
  }

  /** Tokens that this appends. */
  public int tokens() {
    return Math.max(1, append.length);
  }
}
