package gpt.kernels.runtime;

import gpt.kernels.Embedding;
import gpt.kernels.GeluProjection;
import gpt.kernels.QkvProjection;

/**
 * Indices into {@code IntArray pass}, a few integers on the device that describe a pass over the
 * model: the numbers of rows, and the index of the current block. They are not scalar arguments
 * because those are constants in a compiled kernel; these change without a compilation, the block
 * index also without the host.
 *
 * <p>The block index is stored twice, so that no launch both reads and writes the same one, which
 * would be a race. The kernels up to the attention's projection read {@link #BLOCK}, those of the
 * MLP {@link #MLP_BLOCK}. {@link Embedding} sets BLOCK to 0; {@link QkvProjection}, which reads
 * BLOCK, copies it to MLP_BLOCK; {@link GeluProjection}, which reads MLP_BLOCK, sets BLOCK to
 * MLP_BLOCK + 1. Both are launched once for each block on every device, unlike the norms, which a
 * GPU computes in the projections behind them.
 */
public final class Pass {
  /** R, number of rows. */
  public static final int ROWS = 0;

  /** Number of logit rows: rows whose logits are computed. */
  public static final int LOGIT_ROWS = 1;

  /** Number of drawn rows: the first logit rows, for which a token is drawn. */
  public static final int DRAWN_ROWS = 2;

  /** Index of the block whose attention is computed. */
  public static final int BLOCK = 3;

  /** Index of the block whose MLP is computed. */
  public static final int MLP_BLOCK = 4;

  /** Length of the array. */
  public static final int SIZE = 5;

  private Pass() {}
}
