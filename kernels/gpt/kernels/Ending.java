package gpt.kernels;

import gpt.kernels.runtime.Pass;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What becomes of a product's outputs, and what differs with it: which rows there are, whose
 * block's weights are read. The ending is a constant in a compiled kernel, so each has the code of
 * one only.
 */
final class Ending {
  /** {@link LmHead}. */
  static final int LOGITS = 0;

  /** {@link QkvProjection}. */
  static final int QKV = 1;

  /** {@link ResidualProjection} of a block's attention. */
  static final int RESIDUAL_ATTENTION = 2;

  /** {@link ResidualProjection} of a block's MLP. */
  static final int RESIDUAL_MLP = 3;

  /** {@link GeluProjection}. */
  static final int GELU_EXACT = 4;

  /** {@link GeluProjection} in its other form. */
  static final int GELU_TANH = 5;

  private Ending() {}

  /** Rows of this launch. */
  static int rows(int ending, IntArray pass) {
    if (ending == LOGITS) {
      return pass.get(Pass.LOGIT_ROWS);
    }
    return pass.get(Pass.ROWS);
  }

  /** Whose weights: the block's, or the only ones. */
  static int block(int ending, IntArray pass) {
    if (ending == LOGITS) {
      return 0;
    }
    if (ending <= RESIDUAL_ATTENTION) {
      return pass.get(Pass.BLOCK);
    }
    return pass.get(Pass.MLP_BLOCK);
  }

  /** After the MLP's first product the next block begins; see {@link Pass}. */
  static void tellAttention(int ending, IntArray pass) {
    if (ending >= GELU_EXACT) {
      GeluProjection.tellAttention(pass);
    }
  }

  /**
   * What the operation does with an output.
   *
   * @param row of the weights of all blocks
   * @param value the product
   */
  static void finish(
      int ending,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray bias,
      FloatArray y,
      FloatArray keys,
      FloatArray values,
      int r,
      int o,
      int row,
      float value,
      int n,
      int samples,
      int heads,
      int contextLength) {
    if (ending == LOGITS) {
      y.set(r * n + o, value);
    }
    if (ending == QKV) {
      int cache = pass.get(Pass.BLOCK) * samples + slots.get(r);
      float biased = value + bias.get(row);
      QkvProjection.store(
          y, keys, values, r, o, biased, cache, positions.get(r), n / 3, heads, contextLength);
    }
    if (ending == RESIDUAL_ATTENTION) {
      y.set(r * n + o, y.get(r * n + o) + value + bias.get(row));
    }
    if (ending == RESIDUAL_MLP) {
      y.set(r * n + o, y.get(r * n + o) + value + bias.get(row));
    }
    if (ending == GELU_EXACT) {
      y.set(r * n + o, Gelu.apply(Gelu.EXACT, value + bias.get(row)));
    }
    if (ending == GELU_TANH) {
      y.set(r * n + o, Gelu.apply(Gelu.TANH, value + bias.get(row)));
    }
  }
}
