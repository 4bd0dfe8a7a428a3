package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * (q, k, v) = x · Wᵀ + bias,  (R, C) → (R, 3C): queries, keys and values of all heads in one product. The
 * epilogue writes the keys and values into the KV cache
 *
 * shapes    x (R, C) · W (L, 3C, C) · bias (L, 3C) · q (R, C)
 *           keys (L, B, NH, HS, T): positions contiguous; values (L, B, NH, T, HS): channels contiguous;
 *           in half precision see {@link KvCache}
 * bound     one row: memory-bound, 12·C² bytes (f32) for 6·C² FLOPs; many rows: compute-bound, 6·R·C² FLOPs
 * threads   see {@link Projection}
 * example   C = 2, so W has 6 rows, and x = 1, 2: row 2 of W = 3, 4 with bias 0.5 gives 11.5, channel 0 of
 *           the key; rows 0 and 1 give the query, 4 and 5 the value
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one output a work item.
 *   <li>{@code rowPerThread}, {@code blockPerThread}, {@code tiled}, {@code rowPerWarp}, {@code
 *       rowPerWarpLocal}, {@code tensorCores}: see {@link Projection}.
 * </ul>
 *
 * <p>Keys are stored transposed so that attention reads them in order on both kinds of device: on a
 * GPU adjacent lanes compute the scores of adjacent positions (coalesced); on a CPU a work item
 * adds to the scores of adjacent positions with vector instructions.
 *
 * <p>One work item also copies the block index for the MLP's kernels, {@link Pass#MLP_BLOCK}.
 *
 * <p>Read before: {@link LmHead}. After: {@link Attention}.
 *
 * <p>Source: nanoGPT's {@code c_attn}. Test: {@code ProjectionTest}. Benchmark: {@code
 * scripts/bench --operations qkv}.
 */
public final class QkvProjection {
  private QkvProjection() {}

  static void naive(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray x,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray bias,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int c,
      long cache,
      int maxRows) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      for (@Parallel int o = 0; o < 3 * c; o++) {
        if (r < pass.get(Pass.ROWS)) {
          int block = pass.get(Pass.BLOCK);
          int row = block * 3 * c + o;
          float y = LmHead.product(x, r * c, dtype, f32, f16, i8, row, c) + bias.get(row);
          int slot = block * KvCache.slots(cache) + slots.get(r);
          int position = positions.get(r);
          store(q, keys, values, halfKeys, halfValues, r, o, y, slot, position, c, cache);
        }
        publishBlock(pass, r, o);
      }
    }
  }

  /**
   * Stores output {@code o} of row {@code r}, a channel of a query, a key or a value.
   *
   * @param slot index into (L, B) of the KV cache: block · B + slot
   * @param cache {@link KvCache#shape}
   */
  static void store(
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      HalfFloatArray halfKeys,
      HalfFloatArray halfValues,
      int r,
      int o,
      float y,
      int slot,
      int position,
      int c,
      long cache) {
    if (o < c) {
      q.set(r * c + o, y);
    } else {
      int channel = o % c;
      int headSize = c / KvCache.heads(cache);
      int head = slot * KvCache.heads(cache) + channel / headSize;
      int i = channel % headSize;
      if (o < 2 * c) {
        int at = KvCache.keyIndex(cache, head, i, position, headSize);
        KvCache.set(cache, keys, halfKeys, at, y);
      } else {
        int at = KvCache.valueIndex(cache, head, i, position, headSize);
        KvCache.set(cache, values, halfValues, at, y);
      }
    }
  }

  // Plumbing: the block index, arguments, tasks and grids.

  /** Has the first work item publish the block index. */
  private static void publishBlock(IntArray pass, int r, int o) {
    if (r == 0) {
      if (o == 0) {
        publishBlock(pass);
      }
    }
  }

  /** Publishes the block index for the MLP's kernels, none of which runs now. */
  static void publishBlock(IntArray pass) {
    pass.set(Pass.MLP_BLOCK, pass.get(Pass.BLOCK));
  }

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param positions of the rows in their contexts (R)
   * @param slots of the rows in the KV cache (R)
   * @param x (R, C), or what it is computed from
   * @param w (L, 3C, C)
   * @param bias (L, 3C)
   * @param q queries (R, C), a result
   * @param cache keys and values, a result
   * @param maxRows capacity of x and q in rows
   */
  public record Arguments(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      Source x,
      Matrix w,
      FloatArray bias,
      FloatArray q,
      KvCache cache,
      int maxRows) {
    private Projection.Arguments common() {
      return new Projection.Arguments(
          Epilogue.QKV, pass, positions, slots, x, w, bias, q, cache, maxRows);
    }
  }

  /** All versions, the naive one first. */
  public static final Projection.Versions<Arguments> VERSIONS =
      Projection.versions(
          Version.parallel(
              (graph, id, a) ->
                  graph.task(
                      id,
                      QkvProjection::naive,
                      a.pass,
                      a.positions,
                      a.slots,
                      a.x.asItIs(),
                      a.w.dtype(),
                      a.w.f32(),
                      a.w.f16(),
                      a.w.i8(),
                      a.bias,
                      a.q,
                      a.cache.keys(),
                      a.cache.values(),
                      a.cache.halfKeys(),
                      a.cache.halfValues(),
                      a.w.k(),
                      a.cache.shape(),
                      a.maxRows)),
          Arguments::common);
}
