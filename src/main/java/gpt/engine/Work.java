package gpt.engine;

/**
 * What a step does for one sequence.
 *
 * @param sequence the sequence
 * @param append ids to append; empty to append the token drawn last, which is already on the device
 * @param want what the step returns for the sequence
 */
public record Work(Sequence sequence, int[] append, Want want) {
  private static final int[] DRAWN = {};

  /** Work that appends ids and returns nothing for them. */
  public static Work append(Sequence sequence, int... ids) {
    return new Work(sequence, ids, Want.NOTHING);
  }

  /** Work that appends the token drawn last. */
  public static Work appendDrawn(Sequence sequence, Want want) {
    return new Work(sequence, DRAWN, want);
  }

  /** Number of tokens that this appends. */
  public int tokens() {
    return Math.max(1, append.length);
  }
}
