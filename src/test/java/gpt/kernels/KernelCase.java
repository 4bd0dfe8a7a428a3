package gpt.kernels;

import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Unused;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * One operation at one shape: inputs from a seed, and the expected outputs, computed in double
 * precision. Tests check every version with it; benchmarks time the versions with the same
 * arguments.
 *
 * @param <A> the operation's arguments
 */
public final class KernelCase<A> {
  /** Elements past an array's end that no kernel may write. */
  private static final int GUARD = 64;

  static final float POISON = 12345.678f;
  static final int INT_POISON = -777;

  /** Tolerance of a float result, against double precision. */
  record Tolerance(double nmse, double largest) {
    /** For products and softmaxes in single precision, relative to the largest value. */
    static final Tolerance FLOAT = new Tolerance(1e-11, 2e-5);

    /** For results that are rounded to halves. */
    static final Tolerance HALF = new Tolerance(1e-7, 5e-4);

    /** For products of operands that are rounded to halves, of 11 bits. */
    static final Tolerance HALF_PRODUCT = new Tolerance(3e-7, 2e-3);
  }

  private final String name;
  private final Random random;
  private final List<Object> arrays = new ArrayList<>();
  private final List<Output> outputs = new ArrayList<>();
  private Tolerance tolerance = Tolerance.FLOAT;
  private A arguments;
  private int rows = 1;
  private long bytes;
  private long flops;

  /** A case; every failure prints the name and the seed. */
  public KernelCase(String name, long seed) {
    this.name = name + " (seed " + seed + ")";
    random = new Random(seed);
  }

  // The arrays of a case.

  /** Gaussian numbers. */
  public FloatArray floats(int n, float scale) {
    FloatArray array = new FloatArray(n);
    for (int i = 0; i < n; i++) {
      array.set(i, scale * (float) random.nextGaussian());
    }
    arrays.add(array);
    return array;
  }

  /** Gaussian numbers, rounded to halves. */
  HalfFloatArray halves(int n) {
    HalfFloatArray array = new HalfFloatArray(n);
    for (int i = 0; i < n; i++) {
      array.set(i, new HalfFloat((float) random.nextGaussian()));
    }
    arrays.add(array);
    return array;
  }

  public IntArray ints(int... values) {
    IntArray array = new IntArray(values.length);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    arrays.add(array);
    return array;
  }

  /** The array described by {@link Pass}; the kernel may write to it. */
  public IntArray pass(int rows, int logitRows, int drawnRows, int block) {
    this.rows = rows;
    IntArray pass = new IntArray(Pass.SIZE);
    pass.init(0);
    pass.set(Pass.ROWS, rows);
    pass.set(Pass.LOGIT_ROWS, logitRows);
    pass.set(Pass.DRAWN_ROWS, drawnRows);
    pass.set(Pass.BLOCK, block);
    pass.set(Pass.MLP_BLOCK, block);
    arrays.add(pass);
    return pass;
  }

  /** Arrays for the arguments that the operation does not read. */
  Unused unused() {
    Unused unused = Unused.create();
    arrays.addAll(List.of(unused.arrays()));
    return unused;
  }

  /** A weight of all blocks, (blocks, n, k), in one of {@link Matrix}'s precisions. */
  Matrix matrix(int dtype, int blocks, int n, int k) {
    int words = blocks * n * Matrix.words(dtype, k);
    FloatArray f32 =
        new FloatArray(dtype == Matrix.F32 ? words : dtype == Matrix.I8 ? blocks * n : 1);
    HalfFloatArray f16 = new HalfFloatArray(dtype == Matrix.F16 ? 2 * words : 1);
    IntArray i8 = new IntArray(dtype == Matrix.I8 ? words : 1);
    f32.init(0);
    f16.init(new HalfFloat(0));
    i8.init(Matrix.BIAS * 0x01010101);
    float spread = (float) (1 / Math.sqrt(k));
    for (int row = 0; row < blocks * n; row++) {
      for (int i = row * Matrix.stride(dtype, k), end = i + k; i < end; i++) {
        switch (dtype) {
          case Matrix.F32 -> f32.set(i, spread * (float) random.nextGaussian());
          case Matrix.F16 -> f16.set(i, new HalfFloat(spread * (float) random.nextGaussian()));
          default -> i8.set(i / 4, i8.get(i / 4) + (random.nextInt(-127, 128) << (8 * (i % 4))));
        }
      }
      if (dtype == Matrix.I8) {
        f32.set(row, spread / 127 * (1 + random.nextFloat()));
      }
    }
    arrays.addAll(List.of(f32, f16, i8));
    return new Matrix(dtype, f32, f16, i8, blocks, n, k);
  }

  /** An element of a weight, dequantized. */
  static double weight(Matrix w, int row, int column) {
    int at = row * Matrix.stride(w.dtype(), w.k()) + column;
    return switch (w.dtype()) {
      case Matrix.F32 -> w.f32().get(at);
      case Matrix.F16 -> w.f16().get(at).getFloat32();
      default ->
          (double) ((w.i8().get(at / 4) >>> (8 * (at % 4)) & 255) - Matrix.BIAS) * w.f32().get(row);
    };
  }

  /** An array of n floats that the kernel only writes. */
  public FloatArray output(int n) {
    FloatArray array = new FloatArray(n + GUARD);
    arrays.add(array);
    return array;
  }

  /** An array of n random floats that the kernel reads and writes. */
  public FloatArray inOut(int n) {
    FloatArray array = new FloatArray(n + GUARD);
    for (int i = 0; i < array.getSize(); i++) {
      array.set(i, i < n ? (float) random.nextGaussian() : POISON);
    }
    arrays.add(array);
    return array;
  }

  /** As {@link #output}, of halves. */
  HalfFloatArray halfOutput(int n) {
    HalfFloatArray array = new HalfFloatArray(n + GUARD);
    arrays.add(array);
    return array;
  }

  /** As {@link #inOut}, of halves. */
  HalfFloatArray halfInOut(int n) {
    HalfFloatArray array = halves(n + GUARD);
    for (int i = n; i < array.getSize(); i++) {
      array.set(i, new HalfFloat(POISON));
    }
    return array;
  }

  /** Ints that the kernel reads and writes. */
  public IntArray intInOut(int... values) {
    IntArray array = new IntArray(values.length + GUARD);
    array.init(INT_POISON);
    for (int i = 0; i < values.length; i++) {
      array.set(i, values[i]);
    }
    arrays.add(array);
    return array;
  }

  public IntArray intOutput(int n) {
    IntArray array = new IntArray(n + GUARD);
    array.init(INT_POISON);
    arrays.add(array);
    return array;
  }

  /**
   * The expected content of an {@link #output}; NaN for elements that the kernel must not write, as
   * it must not write those past the end.
   */
  public KernelCase<A> expect(TornadoNativeArray array, double[] expected) {
    outputs.add(new Output.FloatOutput(array, expected, null));
    return this;
  }

  /** As {@link #expect}, for an {@link #inOut}. */
  public KernelCase<A> expectInOut(TornadoNativeArray array, double[] expected) {
    float[] before = new float[array.getSize()];
    for (int i = 0; i < before.length; i++) {
      before[i] = element(array, i);
    }
    outputs.add(new Output.FloatOutput(array, expected, before));
    return this;
  }

  /** An element of floats or halves. */
  public static float element(TornadoNativeArray array, int i) {
    return array instanceof FloatArray floats
        ? floats.get(i)
        : ((HalfFloatArray) array).get(i).getFloat32();
  }

  /**
   * The expected content of an int array; for elements that must not be written, their content now.
   */
  public KernelCase<A> expect(IntArray array, int... expected) {
    outputs.add(new Output.IntOutput(array, expected, array.toHeapArray()));
    return this;
  }

  // Arguments, tolerance and cost.

  public KernelCase<A> arguments(A value) {
    arguments = value;
    return this;
  }

  KernelCase<A> tolerance(Tolerance value) {
    tolerance = value;
    return this;
  }

  /** The fewest bytes the operation must move, and its FLOPs. */
  public KernelCase<A> cost(long bytesMoved, long floatingPoint) {
    bytes = bytesMoved;
    flops = floatingPoint;
    return this;
  }

  /** Number of rows that the grid is made for, if it differs from the pass's. */
  public KernelCase<A> gridRows(int value) {
    rows = value;
    return this;
  }

  public Random random() {
    return random;
  }

  long bytes() {
    return bytes;
  }

  long flops() {
    return flops;
  }

  @Override
  public String toString() {
    return name;
  }

  /**
   * Runs a version twice and checks the outputs: no value is too far from the expected one, no
   * other element is written, the second run returns the same bits.
   *
   * @param device the device; null is the default one
   * @return what is wrong; null if nothing is
   */
  String check(Version<A> version, TornadoDevice device) throws Exception {
    TaskGraph graph = new TaskGraph("test");
    graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, arrays.toArray());
    TouchKernels.add(graph, outputs);
    version.task().add(graph, "kernel", arguments);
    for (Output output : outputs) {
      graph.transferToHost(DataTransferMode.EVERY_EXECUTION, output.array());
    }
    try (TornadoExecutionPlan plan = plan(graph, version, device, true)) {
      List<int[]> first = new ArrayList<>();
      for (int run = 0; run < 2; run++) {
        outputs.forEach(Output::poison);
        plan.execute();
        for (int i = 0; i < outputs.size(); i++) {
          Output output = outputs.get(i);
          String wrong = output.check(tolerance);
          if (wrong != null) {
            return wrong + (run == 0 ? "" : ", in the second run");
          }
          int[] content = content(output.array());
          if (run == 0) {
            first.add(content);
          } else if (!Arrays.equals(first.get(i), content)) {
            return "the second run returned different bits";
          }
        }
      }
      return null;
    }
  }

  /** Runs a version once without checks; {@link #arguments()} then has its results. */
  void run(Version<A> version, TornadoDevice device) throws Exception {
    TaskGraph graph = new TaskGraph("run");
    graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, arrays.toArray());
    version.task().add(graph, "kernel", arguments);
    for (Output output : outputs) {
      graph.transferToHost(DataTransferMode.EVERY_EXECUTION, output.array());
    }
    outputs.forEach(Output::poison);
    try (TornadoExecutionPlan plan = plan(graph, version, device, false)) {
      plan.execute();
    }
  }

  A arguments() {
    return arguments;
  }

  /** The bits of all elements. */
  private static int[] content(TornadoNativeArray array) {
    int[] bits = new int[array.getSize()];
    Arrays.setAll(
        bits,
        i ->
            array instanceof IntArray ints
                ? ints.get(i)
                : Float.floatToRawIntBits(element(array, i)));
    return bits;
  }

  /** A plan for timing: after the first execution it runs the kernel without transfers. */
  TornadoExecutionPlan timed(Version<A> version, TornadoDevice device) {
    outputs.forEach(Output::poison);
    TaskGraph graph = new TaskGraph("bench");
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, arrays.toArray());
    version.task().add(graph, "kernel", arguments);
    graph.transferToHost(DataTransferMode.UNDER_DEMAND, outputs.get(0).array());
    return plan(graph, version, device, false).withProfiler(ProfilerMode.SILENT);
  }

  private TornadoExecutionPlan plan(
      TaskGraph graph, Version<A> version, TornadoDevice device, boolean touched) {
    TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot());
    if (device != null) {
      plan = plan.withDevice(device);
    }
    GridScheduler grids = new GridScheduler();
    if (touched) {
      TouchKernels.addGrids(grids, graph, outputs);
    }
    if (version.grid() != null) {
      WorkerGrid grid = version.grid().of(arguments, rows);
      grids.addWorkerGrid(graph.getTaskGraphName() + ".kernel", grid);
    }
    return grids.keySet().isEmpty() ? plan : plan.withGridScheduler(grids);
  }

  /** n equal values. */
  public static double[] all(int n, double value) {
    double[] values = new double[n];
    Arrays.fill(values, value);
    return values;
  }
}
