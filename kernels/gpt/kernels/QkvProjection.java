package gpt.kernels;

import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * y = x · Wᵀ + bias,  (R, C) to (R, 3C): queries, keys, values of every head, and the keys and values
 * go straight to where attention reads them
 *
 * shapes    x (R, C) · W (L, 3C, C) · bias (L, 3C) · q (R, C)
 *           keys (L, B, NH, HS, T): positions side by side, as the scores of many keys are summed up
 *           values (L, B, NH, T, HS): channels side by side, as the outputs of many channels are
 * bound     one row: memory, 12·C² bytes (f32) for 6·C² FLOPs; many rows: arithmetic, 6·R·C² FLOPs
 * threads   as {@link Projection}'s versions
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: one output a work item.
 *   <li>{@code rowPerThread}, {@code rowPerGroup}, {@code blockPerThread}, {@code tiled}: see
 *       {@link Projection}.
 * </ul>
 *
 * Keys are transposed because both kinds of device then read them in order: on a GPU neighbouring
 * lanes take neighbouring positions, on a CPU a work item adds to the scores of neighbouring
 * positions at once.
 *
 * <p>Source: nanoGPT's {@code c_attn}. Test: {@code ProjectionTest}. Benchmark: {@code
 * scripts/bench --operations qkv}.
 */
public final class QkvProjection {
  /**
   * What a launch takes.
   *
   * @param pass see {@link Pass}
   * @param positions of the rows in their contexts (R)
   * @param slots which sample's keys and values a row extends (R)
   * @param x (R, C)
   * @param w (L, 3C, C)
   * @param bias (L, 3C)
   * @param q queries (R, C), a result
   * @param keys (L, B, NH, HS, T), a result
   * @param values (L, B, NH, T, HS), a result
   * @param maxRows rows that x and q have
   * @param samples B, samples that the cache has room for
   * @param heads NH
   * @param contextLength T
   */
  public record Arguments(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray x,
      Matrix w,
      FloatArray bias,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      int maxRows,
      int samples,
      int heads,
      int contextLength) {
    private Projection.Arguments common() {
      return new Projection.Arguments(
          Ending.QKV,
          pass,
          positions,
          slots,
          x,
          w,
          bias,
          q,
          keys,
          values,
          samples,
          heads,
          contextLength);
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
                      a.x,
                      a.w.dtype(),
                      a.w.f32(),
                      a.w.f16(),
                      a.w.i8(),
                      a.w.scale(),
                      a.bias,
                      a.q,
                      a.keys,
                      a.values,
                      a.w.k(),
                      a.samples,
                      a.heads,
                      a.contextLength,
                      a.maxRows)),
          Arguments::common);

  private QkvProjection() {}

  static void naive(
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray x,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      ByteArray i8,
      FloatArray scale,
      FloatArray bias,
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      int c,
      int samples,
      int heads,
      int contextLength,
      int maxRows) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      for (@Parallel int o = 0; o < 3 * c; o++) {
        if (r < pass.get(Pass.ROWS)) {
          int block = pass.get(Pass.BLOCK);
          int row = block * 3 * c + o;
          float sum = 0;
          for (int i = 0; i < c; i++) {
            sum += Matrix.at(dtype, f32, f16, i8, row * c + i) * x.get(r * c + i);
          }
          float y = Matrix.scaled(dtype, scale, row, sum) + bias.get(row);
          int cache = block * samples + slots.get(r);
          store(q, keys, values, r, o, y, cache, positions.get(r), c, heads, contextLength);
        }
      }
    }
  }

  /**
   * Output {@code o} of row {@code r}: a query's, a key's or a value's channel.
   *
   * @param cache which keys and values: block · B + slot
   */
  static void store(
      FloatArray q,
      FloatArray keys,
      FloatArray values,
      int r,
      int o,
      float y,
      int cache,
      int position,
      int c,
      int heads,
      int contextLength) {
    if (o < c) {
      q.set(r * c + o, y);
    } else {
      int channel = o % c;
      int headSize = c / heads;
      int head = cache * heads + channel / headSize;
      int i = channel % headSize;
      if (o < 2 * c) {
        keys.set((head * headSize + i) * contextLength + position, y);
      } else {
        values.set((head * contextLength + position) * headSize + i, y);
      }
    }
  }
}
