package gpt.kernels.runtime;

import gpt.kernels.Embedding;

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

  /** Rows that go on to logits. */
  public static final int LOGIT_ROWS = 1;

  /** Logit rows, the first ones of all, whose next token is drawn. */
  public static final int DRAWN_ROWS = 2;

  /** Index of the block whose attention is computed. */
  public static final int BLOCK = 3;

  /** Index of the block whose MLP is computed. */
  public static final int MLP_BLOCK = 4;

  /** Length of the array. */
  public static final int SIZE = 5;

  private Pass() {}
}
