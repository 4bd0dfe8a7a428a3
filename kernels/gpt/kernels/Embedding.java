package gpt.kernels;

import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * x[r, c] = wte[token[r], c] + wpe[position[r], c]
 *
 * shapes    wte (V, C) · wpe (T, C) · x (R, C) · token, position (R)
 * bound     memory: 12·R·C bytes for R·C additions; one row of GPT-2 is 9 kB: launch-bound
 * threads   one (r, c) a work item, channels coalesced
 * example   row 7 of wte = 1, 2 and row 3 of wpe = 0.5, −0.5: token 7 at position 3 is x = 1.5, 1.5
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}: the two loops.
 *   <li>{@code channelPerThread}: the same with a grid for the rows of the step.
 * </ul>
 *
 * <p>The first kernel of a step: it also sets {@link Pass#BLOCK} to 0. In models with tied
 * embeddings wte is lm_head's matrix, in the same precision.
 *
 * <p>Read before: {@link gpt.kernels.runtime.Copy}. After: {@link LayerNorm}.
 *
 * <p>Source: nanoGPT's {@code tok_emb + pos_emb}. Test: {@code RowsTest}. Benchmark: {@code
 * scripts/bench --operations embedding}.
 */
public final class Embedding {
  private static final int THREADS = 64;

  private Embedding() {}

  /** The formula: channel i of a token at a position. */
  private static float embedding(
      int token,
      int position,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray wpe,
      int i,
      int c) {
    float value = Matrix.at(dtype, f32, f16, i8, token * Matrix.stride(dtype, c) + i);
    return Matrix.scaled(dtype, f32, token, value) + wpe.get(position * c + i);
  }

  static void naive(
      IntArray pass,
      IntArray tokens,
      IntArray positions,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray wpe,
      FloatArray x,
      int maxRows,
      int c) {
    for (@Parallel int r = 0; r < maxRows; r++) {
      for (@Parallel int i = 0; i < c; i++) {
        if (r < pass.get(Pass.ROWS)) {
          float e = embedding(tokens.get(r), positions.get(r), dtype, f32, f16, i8, wpe, i, c);
          x.set(r * c + i, e);
        }
        startBlocks(pass, r, i);
      }
    }
  }

  static void channelPerThread(
      KernelContext context,
      IntArray pass,
      IntArray tokens,
      IntArray positions,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      FloatArray wpe,
      FloatArray x,
      int c) {
    int r = context.globalIdy;
    int i = context.globalIdx;
    if (i < c) {
      if (r < pass.get(Pass.ROWS)) {
        float e = embedding(tokens.get(r), positions.get(r), dtype, f32, f16, i8, wpe, i, c);
        x.set(r * c + i, e);
      }
    }
    startBlocks(pass, r, i);
  }

  // Plumbing: the block index, arguments, tasks and grids.

  /** Has the first work item set the block index of the step. */
  private static void startBlocks(IntArray pass, int r, int i) {
    if (r == 0) {
      if (i == 0) {
        pass.set(Pass.BLOCK, 0);
      }
    }
  }

  /**
   * Arguments of a launch.
   *
   * @param pass see {@link Pass}
   * @param tokens token ids (R)
   * @param positions of the rows in their contexts (R)
   * @param wte (V, C)
   * @param wpe (T, C)
   * @param x (R, C), the result
   * @param maxRows capacity of x in rows
   * @param c channels C
   */
  public record Arguments(
      IntArray pass,
      IntArray tokens,
      IntArray positions,
      Matrix wte,
      FloatArray wpe,
      FloatArray x,
      int maxRows,
      int c) {}

  /** The two loops. */
  public static final Version<Arguments> NAIVE =
      Version.parallel(
          (graph, id, a) ->
              graph.task(
                  id,
                  Embedding::naive,
                  a.pass,
                  a.tokens,
                  a.positions,
                  a.wte.dtype(),
                  a.wte.f32(),
                  a.wte.f16(),
                  a.wte.i8(),
                  a.wpe,
                  a.x,
                  a.maxRows,
                  a.c));

  /** One channel of a row a work item. */
  public static final Version<Arguments> CHANNEL_PER_THREAD =
      new Version<>(
          "channelPerThread",
          Version.Target.GPU,
          (graph, id, a) ->
              graph.task(
                  id,
                  Embedding::channelPerThread,
                  new KernelContext(),
                  a.pass,
                  a.tokens,
                  a.positions,
                  a.wte.dtype(),
                  a.wte.f32(),
                  a.wte.f16(),
                  a.wte.i8(),
                  a.wpe,
                  a.x,
                  a.c),
          (a, rows) -> Version.groups(Math.ceilDiv(a.c, THREADS), rows, THREADS));

  /** All versions, the naive one first. */
  public static final List<Version<Arguments>> VERSIONS = List.of(NAIVE, CHANNEL_PER_THREAD);
}
