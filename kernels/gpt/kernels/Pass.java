package gpt.kernels;

/**
 * Places in {@code IntArray pass}, the few integers on the device that say what a pass over the
 * model works on. Scalar arguments of a kernel are constants in its code; these change without a
 * compilation and without the host.
 *
 * <p>The block's index is kept twice, so that no kernel reads what it or a neighbour in the same
 * launch writes. The tasks of a block up to the attention's projection read {@link #BLOCK}, those
 * of its MLP {@link #MLP_BLOCK}. The block's first norm copies the one to the other, and the MLP's
 * first product, which reads only the other, sets {@link #BLOCK} to the next block. {@link
 * Embedding} starts with 0.
 */
public final class Pass {
  /** R: rows of this pass. */
  public static final int ROWS = 0;

  /** Rows that go on to logits: B, or 1 after a prompt that all samples share. */
  public static final int LOGIT_ROWS = 1;

  /** B: samples that are being generated. */
  public static final int SAMPLES = 2;

  /** Index of the block whose attention is computed. */
  public static final int BLOCK = 3;

  /** Index of the block whose MLP is computed. */
  public static final int MLP_BLOCK = 4;

  /** Index of the first text among those of a batch: a pass may be for one of them only. */
  public static final int TEXT = 5;

  /** Index of the token that is chosen next in its text. */
  public static final int STEP = 6;

  /**
   * Rows of logits that the tokens chosen last were drawn from, as {@link #LOGIT_ROWS} was then.
   */
  public static final int DRAWN_ROWS = 7;

  /** Length of the array. */
  public static final int SIZE = 8;

  private Pass() {}
}
