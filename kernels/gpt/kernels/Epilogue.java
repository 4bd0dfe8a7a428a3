package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Pass;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The epilogue of a matrix product: what the kernel does with each output before it stores it, so
 * that bias, GELU, residual addition and the write to the KV cache need no launch and no round trip
 * through memory. Which epilogue it is is a constant in the compiled kernel; the code of the others
 * is not generated.
 *
 * <p>Example: the product 11, bias 0.5 and x = 5 of {@link ResidualProjection}: x becomes 16.5.
 *
 * <p>Read before: {@link Projection}. After: {@link WarpProjection}.
 */
final class Epilogue {
  /** {@link LmHead}: none, the product is the logit. */
  static final int LOGITS = 0;

  /** {@link QkvProjection}: bias; keys and values go to the KV cache. */
  static final int QKV = 1;

  /** {@link ResidualProjection} of a block's attention: bias and residual addition. */
  static final int RESIDUAL_ATTENTION = 2;

  /** {@link ResidualProjection} of a block's MLP: the same. */
  static final int RESIDUAL_MLP = 3;

  /** {@link GeluProjection}: bias and {@link Gelu#EXACT}. */
  static final int GELU_EXACT = 4;

  /** {@link GeluProjection}: bias and {@link Gelu#TANH}. */
  static final int GELU_TANH = 5;

  private Epilogue() {}

  /** Number of rows of this launch. */
  static int rows(int epilogue, IntArray pass) {
    if (epilogue == LOGITS) {
      return pass.get(Pass.LOGIT_ROWS);
    }
    return pass.get(Pass.ROWS);
  }

  /** Index of the block whose weights are read; lm_head has one matrix only. */
  static int block(int epilogue, IntArray pass) {
    if (epilogue == LOGITS) {
      return 0;
    }
    if (epilogue <= RESIDUAL_ATTENTION) {
      return pass.get(Pass.BLOCK);
    }
    return pass.get(Pass.MLP_BLOCK);
  }

  /** Row of x for row r of the launch, if the launch computes x. */
  static int row(int epilogue, IntArray rowOf, int r) {
    if (epilogue == LOGITS) {
      return rowOf.get(r);
    }
    return r;
  }

  /** A block's first and third projection advance the block indices; see {@link Pass}. */
  static void advanceBlock(int epilogue, IntArray pass) {
    if (epilogue == QKV) {
      QkvProjection.publishBlock(pass);
    }
    if (epilogue >= GELU_EXACT) {
      GeluProjection.advanceBlock(pass);
    }
  }

  /**
   * Applies the epilogue to one output and stores it.
   *
   * @param r row of y
   * @param o output, column of y
   * @param row row of the concatenated matrices, index of the bias
   * @param value the product x[r] · w[row]
   * @param cache {@link KvCache#shape}
   */
  static void apply(
      int epilogue,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray bias,
      FloatArray y,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int r,
      int o,
      int row,
      float value,
      int n,
      long cache) {
    if (epilogue == LOGITS) {
      y.set(r * n + o, value);
    }
    if (epilogue == QKV) {
      int slot = pass.get(Pass.BLOCK) * KvCache.slots(cache) + slots.get(r);
      float biased = value + bias.get(row);
      int position = positions.get(r);
      QkvProjection.store(
          y, keys, values, halfKeys, halfValues, r, o, biased, slot, position, n / 3, cache);
    }
    if (epilogue == RESIDUAL_ATTENTION) {
      y.set(r * n + o, y.get(r * n + o) + value + bias.get(row));
    }
    if (epilogue == RESIDUAL_MLP) {
      y.set(r * n + o, y.get(r * n + o) + value + bias.get(row));
    }
    if (epilogue == GELU_EXACT) {
      y.set(r * n + o, Gelu.apply(Gelu.EXACT, value + bias.get(row)));
    }
    if (epilogue == GELU_TANH) {
      y.set(r * n + o, Gelu.apply(Gelu.TANH, value + bias.get(row)));
    }
  }
}
