package gpt.kernels;

import gpt.backend.tornado.TornadoDevices;
import gpt.benchmarks.Product;
import gpt.benchmarks.WrongResultException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A product by NVIDIA's cuBLAS, which TornadoVM's CUDA backend calls as a library task, with its
 * result checked. Only an SDK that was built with cuBLAS has it, so it is called by reflection.
 */
public final class CuBlas implements AutoCloseable {
  /**
   * Products that are timed together, recorded as a CUDA graph; a single one takes microseconds.
   */
  static final int PRODUCTS = 50;

  private static final String API = "uk.ac.manchester.tornado.api.";
  private static final String FACTORY = "uk.ac.manchester.tornado.cublas.CuBlas";
  private static final String BACKEND = "cuda";
  private static final int SEED = 1;

  /** Every so many outputs one is checked. */
  private static final int CHECKED = 101;

  /** CUBLAS_OP_N and CUBLAS_OP_T. */
  private static final int AS_IT_IS = 0;

  private static final int TRANSPOSED = 1;

  /** In which precision it multiplies. */
  enum Kind {
    /** f32. */
    F32("cublas", "f32", "cublasSgemm", FloatArray.class, 5e-5),
    /** f32, of which the tensor cores multiply the first 11 bits. */
    TF32("cublas-tf32", "f32", "cublasSgemmTF32", FloatArray.class, 2e-3),
    /** Halves, added up in f32, on the tensor cores. */
    F16("cublas", "f16", "cublasGemmExFP16FP32", HalfFloatArray.class, 5e-5);

    private final String version;
    private final String dtype;
    private final String function;
    private final Class<? extends TornadoNativeArray> operands;
    private final double tolerance;

    Kind(
        String version,
        String dtype,
        String function,
        Class<? extends TornadoNativeArray> operands,
        double tolerance) {
      this.version = version;
      this.dtype = dtype;
      this.function = function;
      this.operands = operands;
      this.tolerance = tolerance;
    }

    /** The kinds for weights in a precision. */
    static List<Kind> of(String dtype) {
      return Arrays.stream(values()).filter(kind -> kind.dtype.equals(dtype)).toList();
    }

    /** Its name among an operation's versions. */
    String version() {
      return version;
    }

    /** The precision of the weights. */
    String dtype() {
      return dtype;
    }
  }

  private final Product shape;
  private final int rows;
  private final Kind kind;
  private final TornadoNativeArray x;
  private final TornadoNativeArray w;
  private final FloatArray y;
  private final TornadoExecutionPlan timed;

  /**
   * Makes x and w, checks their product, and prepares the timing.
   *
   * @throws WrongResultException if the product is wrong
   */
  CuBlas(Product shape, int rows, Kind kind, TornadoDevices.Device device) throws Exception {
    this.shape = shape;
    this.rows = rows;
    this.kind = kind;
    Random random = new Random(SEED);
    x = operand(rows * shape.k(), 1, random);
    w = operand(shape.n() * shape.k(), (float) (1 / Math.sqrt(shape.k())), random);
    y = new FloatArray(rows * shape.n());
    y.init(KernelCase.POISON);
    TaskGraph once = new TaskGraph("check");
    once.transferToDevice(DataTransferMode.EVERY_EXECUTION, x, w);
    add(once, "product");
    once.transferToHost(DataTransferMode.EVERY_EXECUTION, y);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(once.snapshot())) {
      plan.withDevice(device.handle()).execute();
    }
    WrongResultException.check(error());

    TaskGraph graph = new TaskGraph("bench");
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, x, w);
    for (int i = 0; i < PRODUCTS; i++) {
      add(graph, "product" + i);
    }
    graph.transferToHost(DataTransferMode.UNDER_DEMAND, y);
    timed = new TornadoExecutionPlan(graph.snapshot()).withDevice(device.handle()).withCUDAGraph();
    timed.execute(); // uploads and records
  }

  /** The names of cuBLAS's products with weights in a precision, among an operation's versions. */
  public static List<String> versions(String dtype) {
    return Kind.of(dtype).stream().map(Kind::version).toList();
  }

  /** Why a device cannot be timed with cuBLAS; null if it can. */
  @SuppressWarnings("restricted") // loads a library, as TornadoVM does
  public static String missing(String device) {
    if (!device.startsWith(BACKEND)) {
      return "only TornadoVM's cuda backend calls it";
    }
    try {
      Class.forName(FACTORY);
      System.loadLibrary("tornado-cublas");
      return null;
    } catch (ClassNotFoundException e) {
      return "TornadoVM's SDK has no tornado-cublas";
    } catch (UnsatisfiedLinkError e) {
      return "TornadoVM's SDK was built without cuBLAS, or this machine has no cuBLAS: "
          + e.getMessage();
    }
  }

  private TornadoNativeArray operand(int size, float scale, Random random) {
    boolean halves = kind.operands == HalfFloatArray.class;
    TornadoNativeArray array = halves ? new HalfFloatArray(size) : new FloatArray(size);
    for (int i = 0; i < size; i++) {
      float value = scale * (float) random.nextGaussian();
      if (array instanceof HalfFloatArray half) {
        half.set(i, new HalfFloat(value));
      } else {
        ((FloatArray) array).set(i, value);
      }
    }
    return array;
  }

  /** Adds y = x · wᵀ. cuBLAS's matrices are column-major, so to it they are yᵀ = w · xᵀ. */
  private void add(TaskGraph graph, String id) throws ReflectiveOperationException {
    Object[] arguments = {
      TRANSPOSED,
      AS_IT_IS,
      shape.n(),
      rows,
      shape.k(),
      1f,
      w,
      shape.k(),
      x,
      shape.k(),
      0f,
      y,
      shape.n()
    };
    Class<?> i = int.class;
    Class<?> f = float.class;
    Class<?> m = kind.operands;
    Method factory =
        Class.forName(FACTORY)
            .getMethod(kind.function, i, i, i, i, i, f, m, i, m, i, f, FloatArray.class, i);
    Class<?> task = Class.forName(API + "common.TornadoFunctions$LibraryTask" + arguments.length);
    Object call =
        Proxy.newProxyInstance(
            task.getClassLoader(),
            new Class<?>[] {task},
            (proxy, method, given) -> factory.invoke(null, given));
    List<Class<?>> parameters = new ArrayList<>(List.of(String.class, task));
    List<Object> all = new ArrayList<>(List.of(id, call));
    for (Object argument : arguments) {
      parameters.add(Object.class);
      all.add(argument);
    }
    TaskGraph.class
        .getMethod("libraryTask", parameters.toArray(Class<?>[]::new))
        .invoke(graph, all.toArray());
  }

  /** What is wrong with y; null if nothing is. */
  private String error() {
    for (int at = 0; at < rows * shape.n(); at += CHECKED) {
      int row = at / shape.n();
      int output = at % shape.n();
      double sum = 0;
      double size = 0;
      for (int i = 0; i < shape.k(); i++) {
        double product =
            (double) KernelCase.element(x, row * shape.k() + i)
                * KernelCase.element(w, output * shape.k() + i);
        sum += product;
        size += Math.abs(product);
      }
      if (!(Math.abs(y.get(at) - sum) <= kind.tolerance * size)) {
        return String.format(Locale.ROOT, "element %d is %g, expected %g", at, y.get(at), sum);
      }
    }
    return null;
  }

  /** Computes {@link #PRODUCTS} products and returns the nanoseconds that the caller waited. */
  long multiply() {
    long start = System.nanoTime();
    timed.execute();
    return System.nanoTime() - start;
  }

  @Override
  public void close() {
    timed.freeDeviceMemory();
    try {
      timed.close();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException(e);
    }
  }
}
