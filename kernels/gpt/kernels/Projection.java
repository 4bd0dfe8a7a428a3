package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task19;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * y[r, n] = epilogue(Σₖ x[r, k] · w[n, k])
 *
 * shapes    x (R, K) · w (L, N, K) · y (R, N); a launch reads one block's (N, K), row-major
 * bound     one row: memory-bound, 4·N·K bytes (2 in f16, 1 in i8) for 2·N·K FLOPs
 *           many rows: compute-bound, 2·R·N·K FLOPs for 4·(N·K + R·K + R·N) bytes
 * threads   see each version
 * example   x = 1, 2 and a row of w = 3, 4: Σₖ x[k] · w[k] = 1 · 3 + 2 · 4 = 11
 * epilogue  what an operation does with each product before storing it; see {@link Epilogue}.
 *           {@link LmHead}, {@link QkvProjection}, {@link ResidualProjection} and
 *           {@link GeluProjection} each have a naive version and share the optimized ones
 * </pre>
 *
 * <ul>
 *   <li>{@code naive}, in each operation's file: one output per work item, one running sum. 7 GB/s
 *       on two CPU cores (PoCL), because each multiply-add waits for the previous one.
 *   <li>{@code rowPerThread}: one row of w per work item, four independent sums. It loops over the
 *       rows of x, so each row of w is loaded from memory once and then stays in the cache. 25 GB/s
 *       on the same cores.
 *   <li>{@code rowPerWarp}: one row of w per warp or four, coalesced loads, sums by shuffles; it
 *       can also compute x, see {@link WarpProjection}.
 *   <li>{@code rowPerWarpLocal}: the same with sums in local memory, for devices without shuffles.
 *   <li>{@code blockPerThread}, {@code tiled}: for many rows, see {@link BlockedProjection}.
 *   <li>{@code tensorCores}: for many rows, halves on tensor cores; see {@link TensorProjection}.
 * </ul>
 *
 * <p>Rejected for {@code rowPerThread}, N × K = 3072 × 768, on two cores (PoCL): 8 and 16 sums per
 * row, no faster than 4 (27.5 and 27.9 against 27.6 GB/s); 4 rows of w per work item, 23 GB/s.
 *
 * <p>Read before: {@link LmHead}, the simplest of its operations. After: {@link BlockedProjection},
 * {@link WarpProjection}.
 *
 * <p>Source: nanoGPT's {@code nn.Linear}. Test: {@code ProjectionTest}. Benchmark: {@code
 * scripts/bench --operations lm-head,qkv,residual,gelu}.
 */
public final class Projection {
  /** Workgroup size of {@code rowPerThread} and {@code blockPerThread}. */
  static final int THREADS = 16;

  private Projection() {}

  /**
   * The dot product of row {@code row} of w with k elements of x from index {@code at} on, in four
   * independent sums.
   */
  private static float dot(
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      int row,
      FloatArray x,
      int at,
      int k) {
    int w = row * Matrix.stride(dtype, k);
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = 0;
    while (i < k - 3) {
      s0 += Matrix.at(dtype, f32, f16, i8, w + i) * x.get(at + i);
      s1 += Matrix.at(dtype, f32, f16, i8, w + i + 1) * x.get(at + i + 1);
      s2 += Matrix.at(dtype, f32, f16, i8, w + i + 2) * x.get(at + i + 2);
      s3 += Matrix.at(dtype, f32, f16, i8, w + i + 3) * x.get(at + i + 3);
      i += 4;
    }
    while (i < k) {
      s0 += Matrix.at(dtype, f32, f16, i8, w + i) * x.get(at + i);
      i++;
    }
    return (s0 + s1) + (s2 + s3);
  }

  static void rowPerThread(
      KernelContext context,
      int epilogue,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      FloatArray x,
      int dtype,
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
      long cache) {
    int o = context.globalIdx;
    if (o < n) {
      int rows = Epilogue.rows(epilogue, pass);
      int row = Epilogue.block(epilogue, pass) * n + o;
      for (int r = 0; r < rows; r++) {
        float sum = dot(dtype, f32, f16, i8, row, x, r * k, k);
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
            r,
            o,
            row,
            value,
            n,
            cache);
      }
    }
    if (o == 0) {
      Epilogue.advanceBlock(epilogue, pass);
    }
  }

  // Plumbing: arguments, tasks and grids.

  /**
   * Arguments of a launch, for all four operations. Arrays that an epilogue does not access have
   * one element.
   *
   * @param epilogue which operation; see {@link Epilogue}
   * @param pass see {@link Pass}
   * @param positions position of each row in its sequence (R); for {@link QkvProjection}. {@link
   *     Source#rows} for the others
   * @param slots KV-cache slot of each row's sequence (R); for {@link QkvProjection}
   * @param x (R, K), or what it is computed from
   * @param w (L, N, K)
   * @param bias (L, N); not for {@link LmHead}
   * @param y (R, N), the result
   * @param cache keys and values, a result; for {@link QkvProjection}
   * @param maxRows most rows of a pass
   */
  record Arguments(
      int epilogue,
      IntArray pass,
      IntArray positions,
      IntArray slots,
      Source x,
      Matrix w,
      FloatArray bias,
      FloatArray y,
      KvCache cache,
      int maxRows) {}

  /** Converts an operation's arguments to {@link Arguments}. */
  @FunctionalInterface
  interface Common<A> {
    /** The converted arguments. */
    Arguments of(A arguments);
  }

  /**
   * An operation's versions.
   *
   * @param naive the operation's own; read it first
   * @param rowPerThread one row of w per work item
   * @param blockPerThread 4 × 4 outputs per work item
   * @param tiled 64 × 64 outputs per workgroup
   * @param rowPerWarp one row of w per warp or four, added up with shuffles
   * @param rowPerWarpLocal the same for devices without shuffles
   * @param tensorCores 64 × 64 outputs per workgroup, from halves; made for an array of {@link
   *     Projection#productSize}
   */
  public record Versions<A>(
      Version<A> naive,
      Version<A> rowPerThread,
      Version<A> blockPerThread,
      Version<A> tiled,
      Version<A> rowPerWarp,
      Version<A> rowPerWarpLocal,
      Function<FloatArray, Version<A>> tensorCores) {

    /** Those that a device runs, the naive one first. */
    public List<Version<A>> all(boolean shuffles) {
      List<Version<A>> all = new ArrayList<>(List.of(naive, rowPerThread, blockPerThread, tiled));
      all.addAll(computing(shuffles));
      return all;
    }

    /** Those that take x from any {@link Source}. */
    public List<Version<A>> computing(boolean shuffles) {
      return shuffles ? List.of(rowPerWarp, rowPerWarpLocal) : List.of(rowPerWarpLocal);
    }

    /** Those for many rows, and the naive one. */
    public List<Version<A>> forManyRows() {
      return List.of(naive, blockPerThread, tiled);
    }
  }

  /** Whether {@code rowPerWarp} has room for rows of k inputs. */
  public static boolean fitsLocalMemory(int k) {
    return WarpProjection.fits(k);
  }

  /** Elements of the array that {@code tensorCores} needs for n outputs of so many rows. */
  public static long productSize(int n, int rows) {
    return TensorProjection.productSize(n, rows);
  }

  /** An operation's own naive version, and the optimized ones with its epilogue. */
  static <A> Versions<A> versions(Version<A> naive, Common<A> common) {
    return new Versions<>(
        naive,
        version(
            "rowPerThread",
            Version.Target.CPU,
            Projection::rowPerThread,
            common,
            (n, rows) -> Version.items(n, THREADS)),
        version(
            "blockPerThread",
            Version.Target.CPU,
            BlockedProjection::blockPerThread,
            common,
            BlockedProjection::blocks),
        version(
            "tiled",
            Version.Target.GPU,
            BlockedProjection::tiled,
            common,
            BlockedProjection::tiles),
        rowPerWarp("rowPerWarp", common, true),
        rowPerWarp("rowPerWarpLocal", common, false),
        product -> tensorCores(common, product));
  }

  /** The grid for n outputs for each of {@code rows} rows. */
  private interface Grid {
    WorkerGrid of(int n, int rows);
  }

  private static <A> Version<A> rowPerWarp(String name, Common<A> common, boolean shuffles) {
    return new Version<>(
        name,
        Version.Target.GPU,
        (graph, id, arguments) -> {
          Arguments a = common.of(arguments);
          graph.task(
              id,
              WarpProjection::rowPerWarp,
              new KernelContext(),
              WarpProjection.options(a.epilogue, a.x.kind(), a.w, shuffles, a.maxRows),
              a.pass,
              a.positions,
              a.slots,
              a.x.x(),
              a.x.of(),
              a.w.f32(),
              a.w.f16(),
              a.w.i8(),
              a.bias,
              a.y,
              a.cache.keys(),
              a.cache.values(),
              a.cache.halfKeys(),
              a.cache.halfValues(),
              a.w.n(),
              a.w.k(),
              a.cache.shape(),
              a.x.epsilon());
        },
        (arguments, rows) -> {
          Arguments a = common.of(arguments);
          return WarpProjection.grid(a.epilogue, a.w.n());
        });
  }

  private static <A> Version<A> tensorCores(Common<A> common, FloatArray product) {
    return new Version<>(
        "tensorCores",
        Version.Target.GPU,
        (graph, id, arguments) -> {
          Arguments a = common.of(arguments);
          graph.task(
              id,
              TensorProjection::tensorCores,
              new KernelContext(),
              a.epilogue,
              a.pass,
              a.positions,
              a.slots,
              a.x.asItIs(),
              a.w.dtype(),
              a.w.f32(),
              a.w.f16(),
              a.w.i8(),
              a.bias,
              a.y,
              a.cache.keys(),
              a.cache.values(),
              a.cache.halfKeys(),
              a.cache.halfValues(),
              product,
              a.w.n(),
              a.w.k(),
              a.cache.shape());
        },
        (a, rows) -> TensorProjection.tiles(common.of(a).w.n(), rows));
  }

  private static <A> Version<A> version(
      String name,
      Version.Target target,
      Task19<
              KernelContext,
              Integer,
              IntArray,
              IntArray,
              IntArray,
              FloatArray,
              Integer,
              FloatArray,
              HalfFloatArray,
              IntArray,
              FloatArray,
              FloatArray,
              FloatArray,
              FloatArray,
              HalfFloatArray,
              HalfFloatArray,
              Integer,
              Integer,
              Long>
          kernel,
      Common<A> common,
      Grid grid) {
    return new Version<>(
        name,
        target,
        (graph, id, arguments) -> {
          Arguments a = common.of(arguments);
          graph.task(
              id,
              kernel,
              new KernelContext(),
              a.epilogue,
              a.pass,
              a.positions,
              a.slots,
              a.x.asItIs(),
              a.w.dtype(),
              a.w.f32(),
              a.w.f16(),
              a.w.i8(),
              a.bias,
              a.y,
              a.cache.keys(),
              a.cache.values(),
              a.cache.halfKeys(),
              a.cache.halfValues(),
              a.w.n(),
              a.w.k(),
              a.cache.shape());
        },
        (a, rows) -> grid.of(common.of(a).w.n(), rows));
  }
}
