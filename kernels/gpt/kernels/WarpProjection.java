package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * {@link Projection} for few rows on a GPU, which also computes its x from what the launch before it wrote:
 *
 *   y[r, n] = epilogue(Σₖ source(x)[r, k] · w[n, k]),   source: x, its {@link LayerNorm}, or the merge of
 *                                                       attention's chunks ({@link AttentionMerge})
 *
 * shapes    as {@link Projection}; see {@link Source}
 * bound     memory-bound: the bytes of w. A GPU needs 20 to 40 KB in flight on each multiprocessor
 * threads   a workgroup computes 4 rows of w at a time. A warp of 32 lanes computes a row; where N is
 *           small (the residual projections, N = C), 4 warps do, or most multiprocessors would idle
 * example   a warp of 4 lanes and K = 8, all weights 1, x = 1 to 8: lane 0 adds 1 + 5, lane 1 2 + 6, lane 2
 *           3 + 7, lane 3 4 + 8. Shuffles add 6, 8, 10, 12 as (6 + 10) + (8 + 12) = 36
 * </pre>
 *
 * <ol>
 *   <li>The workgroup writes its rows of x, normalized or merged, to local memory. Each workgroup
 *       repeats this: it reads a few kilobytes from the cache, where a launch of its own would cost
 *       the GPU 2 µs.
 *   <li>Each lane multiplies every 32nd (or 128th) word of its row of w; adjacent lanes load
 *       adjacent words (coalesced), and 8 loads are in flight, or 4 where rows of x share them. A
 *       word is 32 bits in each precision ({@link Matrix}): 1 KB for each warp.
 *   <li>The lanes' sums are added: with shuffles between the registers of a warp, then the warps'
 *       sums in local memory. TornadoVM has no shuffles on OpenCL; there local memory takes the sum
 *       of each lane.
 *   <li>One lane applies the epilogue and stores.
 * </ol>
 *
 * <ul>
 *   <li>{@code rowPerWarp}: with shuffles.
 *   <li>{@code rowPerWarpLocal}: without.
 * </ul>
 *
 * <p>4 rows of x, or 2 if they are long, share each load of w. A lane adds the same products in the
 * same order whether they do or not, so a row's bits do not depend on the other rows of the pass.
 *
 * <p>Counted for the CUDA backend and sm_90 (H100), gpt2 and gpt2-xl, f32, f16 and i8: 32 to 62
 * registers, no spills, so 32 to 64 warps fit on a multiprocessor, with 32 to 64 KB in flight; at
 * most 64 registers for PTX. No GPU has timed it yet.
 *
 * <p>Rejected: unrolling all of a row, for which the compiler puts up to 24 loads in flight and
 * takes 118 registers; {@code VectorFloat4} and {@code VectorInt4}, which the CUDA and PTX backends
 * split into four loads; reductions, the dot product, or the norm in helper methods, where
 * TornadoVM takes the index of a local array for bytes.
 *
 * <p>Read before: {@link Projection}, {@link LayerNorm}. After: {@link Attention}.
 *
 * <p>Source: Bell and Garland, "Implementing sparse matrix-vector multiplication on
 * throughput-oriented processors" (2009), whose vector kernel has a warp a row. Test: {@code
 * ProjectionTest}. Benchmark: {@code scripts/bench --operations lm-head,qkv,residual,gelu}.
 */
final class WarpProjection {
  /** Lanes that a shuffle adds up. */
  private static final int WARP = 32;

  /** Rows of w that a workgroup computes at a time. */
  private static final int ROWS = 4;

  /** Most rows of x that share each load of w. */
  private static final int SHARING = 4;

  /** Loads in flight. */
  private static final int LOADS = 8;

  /** Most floats of x in local memory: 48 KB, which every GPU has, less the lanes' sums. */
  private static final int LOCAL_FLOATS = 11_700;

  private WarpProjection() {}

  static void rowPerWarp(
      KernelContext context,
      int options,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray x,
      FloatArray sourceOf,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray bias,
      FloatArray y,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int n,
      int k,
      long cache,
      float epsilon) {
    int epilogue = options & 15;
    int source = (options >> 4) & 15;
    int dtype = (options >> 8) & 15;
    int shuffles = (options >> 12) & 15;
    int sharing = options >> 16;
    int heads = KvCache.heads(cache);
    int lanes = lanes(epilogue);
    int group = ROWS * lanes;
    int width = width(k);
    float[] xs = context.allocateFloatLocalArray(sharing * width + 4);
    int step = 1; // lanes for each sum in local memory
    if (shuffles == 1) {
      step = WARP;
    }
    float[] sums = context.allocateFloatLocalArray(group / step);
    int item = context.localIdx;
    if (context.globalIdx == 0) {
      Epilogue.advanceBlock(epilogue, pass);
    }
    int rows = Epilogue.rows(epilogue, pass);
    int block = Epilogue.block(epilogue, pass);
    int size = Matrix.wordSize(dtype);
    int words = Matrix.words(dtype, k);

    int r = 0;
    while (r < rows) {
      int count = 1;
      if (rows - r >= sharing) {
        count = sharing;
      }

      // 1. x of these rows.
      for (int j = 0; j < count; j++) {
        int to = j * width;
        // Guards of stores are loops: PoCL 3.1 can lose an `if` around a store near a barrier.
        for (int i = k + item; i < width; i += group) {
          xs[to + i] = 0;
        }
        if (source == Source.PLAIN) {
          for (int i = item; i < k; i += group) {
            xs[to + i] = x.get((r + j) * k + i);
          }
        }
        if (source == Source.MERGED) {
          int position = positions.get(r + j);
          for (int i = item; i < k; i += group) {
            int at = (r + j) * k + i;
            float element = 0;
            if (position < Source.MERGED_KEYS) {
              element = Source.merged(sourceOf, at, position, k / heads, KvCache.length(cache));
            } else {
              element = x.get(at);
            }
            xs[to + i] = element;
          }
        }
        if (source == Source.NORMED) {
          int from = Epilogue.row(epilogue, positions, r + j) * k;
          float mean = 0;
          float variance = 0;
          for (int round = 0; round < 2; round++) {
            float part = 0;
            for (int i = item; i < k; i += group) {
              if (round == 0) {
                float element = x.get(from + i);
                xs[to + i] = element;
                part += element;
              } else {
                float d = xs[to + i] - mean;
                part += d * d;
              }
            }
            if (shuffles == 1) {
              part = context.simdSum(part);
            }
            if (item % step == 0) {
              sums[item / step] = part;
            }
            context.localBarrier();
            float total = 0;
            for (int other = 0; other < group / step; other++) {
              total += sums[other];
            }
            context.localBarrier(); // all have read the sums before the next ones overwrite them
            if (round == 0) {
              mean = total / k;
            } else {
              variance = total / k;
            }
          }
          float inverse = 1 / TornadoMath.sqrt(variance + epsilon);
          int gain = block * 2 * k;
          for (int i = item; i < k; i += group) {
            float normed = (xs[to + i] - mean) * inverse;
            xs[to + i] = normed * sourceOf.get(gain + i) + sourceOf.get(gain + k + i);
          }
        }
      }
      context.localBarrier();

      for (int turn = 0; turn < turns(epilogue); turn++) {
        // 2. This lane's part of the products.
        int lane = item % lanes;
        int o = (context.groupIdx * turns(epilogue) + turn) * ROWS + item / lanes;
        int row = block * n + TornadoMath.min(o, n - 1);
        int w = row * words;
        int full = words / lanes; // words that every lane has
        float s0 = 0;
        float s1 = 0;
        float s2 = 0;
        float s3 = 0;
        // Three loops one after the other, of which a row alone takes the first two and shared rows
        // the last. With an else, TornadoVM would assign the sums of the last loop in both cases.
        int unrolled = 0;
        int alone = 0;
        if (count == 1) {
          unrolled = full / LOADS * LOADS * lanes;
          alone = words;
        }
        int i = lane;
        // Not counted from 0, or the compiler would unroll it and put all loads in flight.
        while (i < unrolled) {
          for (int load = 0; load < LOADS; load++) {
            int a = i * size;
            s0 = Matrix.add(s0, dtype, f32, f16, i8, w + i, xs[a], xs[a + 1], xs[a + 2], xs[a + 3]);
            i += lanes;
          }
        }
        while (i < alone) {
          int a = i * size;
          s0 = Matrix.add(s0, dtype, f32, f16, i8, w + i, xs[a], xs[a + 1], xs[a + 2], xs[a + 3]);
          i += lanes;
        }
        if (sharing > 1) {
          while (i < words) {
            int a = i * size;
            int b = a + width;
            int at = w + i;
            s0 = Matrix.add(s0, dtype, f32, f16, i8, at, xs[a], xs[a + 1], xs[a + 2], xs[a + 3]);
            s1 = Matrix.add(s1, dtype, f32, f16, i8, at, xs[b], xs[b + 1], xs[b + 2], xs[b + 3]);
            if (sharing > 2) {
              int c = b + width;
              int d = c + width;
              s2 = Matrix.add(s2, dtype, f32, f16, i8, at, xs[c], xs[c + 1], xs[c + 2], xs[c + 3]);
              s3 = Matrix.add(s3, dtype, f32, f16, i8, at, xs[d], xs[d + 1], xs[d + 2], xs[d + 3]);
            }
            i += lanes;
          }
        }

        for (int j = 0; j < count; j++) {
          // 3. The sum of all lanes.
          float sum = s0;
          if (sharing > 1) {
            if (j == 1) {
              sum = s1;
            }
          }
          if (sharing > 2) {
            if (j == 2) {
              sum = s2;
            }
            if (j == 3) {
              sum = s3;
            }
          }
          if (shuffles == 1) {
            sum = context.simdSum(sum);
          }
          if (lanes > step) {
            if (item % step == 0) {
              sums[item / step] = sum;
            }
            context.localBarrier();
          }

          // 4. The epilogue.
          if (lanes > step) {
            sum = 0;
            for (int other = 0; other < lanes / step; other++) {
              sum += sums[(item - lane) / step + other];
            }
          }
          int stores = TornadoMath.min(1, n - o);
          for (int store = lane; store < stores; store += lanes) {
            float value = Matrix.scaled(dtype, f32, row, sum);
            Epilogue.apply(
                epilogue,
                pass,
                positions,
                slots,
                bias,
                y,
                keys,
                values,
                halfKeys,
                halfValues,
                r + j,
                o,
                row,
                value,
                n,
                cache);
          }
          if (lanes > step) {
            context.localBarrier(); // the sums are read before the next ones overwrite them
          }
        }
      }
      context.localBarrier(); // x is overwritten by the next rows
      r += count;
    }
  }

  /** Lanes that compute a row of w. */
  private static int lanes(int epilogue) {
    if (epilogue == Epilogue.RESIDUAL_ATTENTION) {
      return 4 * WARP;
    }
    if (epilogue == Epilogue.RESIDUAL_MLP) {
      return 4 * WARP;
    }
    return WARP;
  }

  /** How often a workgroup computes ROWS rows; lm_head has enough rows to repeat step 1 less. */
  private static int turns(int epilogue) {
    if (epilogue == Epilogue.LOGITS) {
      return 4;
    }
    return 1;
  }

  /** Elements from one row of x to the next in local memory. */
  private static int width(int k) {
    return (k + 3) / 4 * 4;
  }

  // Plumbing: arguments, tasks and grids.

  /** The grid for any number of rows of x. */
  static WorkerGrid grid(int epilogue, int n) {
    return Version.groups(
        Math.ceilDiv(n, ROWS * turns(epilogue)), Math.multiplyExact(ROWS, lanes(epilogue)));
  }

  /** Whether a row of k elements of x fits into local memory. */
  static boolean fits(int k) {
    return width(k) <= LOCAL_FLOATS;
  }

  /**
   * What a launch computes: constants, packed into one because a task has at most 20 arguments.
   *
   * @param maxRows most rows of x in a pass
   */
  static int options(int epilogue, Source.Kind source, Matrix w, boolean shuffles, int maxRows) {
    int sharing = maxRows > 1 ? SHARING : 1;
    while (sharing > 1 && sharing * width(w.k()) > LOCAL_FLOATS) {
      sharing = sharing / 2;
    }
    return epilogue
        + (source.ordinal() << 4)
        + (w.dtype() << 8)
        + (shuffles ? 1 << 12 : 0)
        + (sharing << 16);
  }
}
