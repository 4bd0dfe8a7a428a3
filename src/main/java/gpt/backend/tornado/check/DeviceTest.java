package gpt.backend.tornado.check;

import gpt.GptException;
import gpt.backend.tornado.Shuffles;
import gpt.backend.tornado.TornadoDevices;
import gpt.backend.tornado.TornadoVm;
import gpt.kernels.LmHead;
import gpt.kernels.Source;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Unused;
import gpt.kernels.runtime.Version;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Checks that a device compiles kernels and computes correctly: all versions of a matrix product
 * that it runs, with and without local memory, barriers and shuffles, against the host's result.
 * {@link Shuffles} decides whether it has shuffles.
 */
public final class DeviceTest {
  private static final int ROWS = 3;
  private static final int N = 70;
  private static final int K = 130;
  private static final long SEED = 5;

  /** Largest error of a dot product of K standard normal numbers. */
  private static final double TOLERANCE = 1e-3;

  private final IntArray pass = new IntArray(Pass.SIZE);
  private final FloatArray x = new FloatArray(ROWS * K);
  private final FloatArray w = new FloatArray(N * K);
  private final FloatArray y = new FloatArray(ROWS * N);
  private final LmHead.Arguments arguments;
  private final Object[] inputs;

  private DeviceTest() {
    Random random = new Random(SEED);
    for (int i = 0; i < x.getSize(); i++) {
      x.set(i, (float) random.nextGaussian());
    }
    for (int i = 0; i < w.getSize(); i++) {
      w.set(i, (float) random.nextGaussian());
    }
    pass.init(0);
    pass.set(Pass.ROWS, ROWS);
    pass.set(Pass.LOGIT_ROWS, ROWS);
    HalfFloatArray f16 = new HalfFloatArray(1);
    f16.init(new HalfFloat(0));
    IntArray i8 = new IntArray(1);
    i8.init(0);
    Unused unused = Unused.create();
    Matrix matrix = new Matrix(Matrix.F32, w, f16, i8, 1, N, K);
    arguments = new LmHead.Arguments(pass, Source.plain(x, unused), matrix, y, ROWS, unused);
    inputs =
        Stream.concat(Stream.of(pass, x, w, f16, i8), Arrays.stream(unused.arrays())).toArray();
  }

  /** Whether the backend claims to add up a warp with shuffles but does not. */
  public static boolean lacksShuffles(TornadoDevices.Device device) {
    return device.hasShuffles() && !Shuffles.work(device);
  }

  /**
   * Runs the test.
   *
   * @return number of kernels run
   * @throws GptException if a kernel does not compile or gives a wrong result
   */
  public static int run(TornadoDevices.Device device) {
    device.prepareKernels();
    List<Version<LmHead.Arguments>> versions = LmHead.VERSIONS.all(Shuffles.work(device));
    DeviceTest test = new DeviceTest();
    for (Version<LmHead.Arguments> version : versions) {
      test.run(device, version);
    }
    return versions.size();
  }

  private void run(TornadoDevices.Device device, Version<LmHead.Arguments> version) {
    y.init(0);
    TaskGraph graph = new TaskGraph("test");
    graph.transferToDevice(DataTransferMode.FIRST_EXECUTION, inputs);
    version.task().add(graph, version.name(), arguments);
    graph.transferToHost(DataTransferMode.EVERY_EXECUTION, y);
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(graph.snapshot())) {
      TornadoExecutionPlan placed = plan.withDevice(device.handle());
      if (version.grid() != null) {
        placed =
            placed.withGridScheduler(
                new GridScheduler("test." + version.name(), version.grid().of(arguments, ROWS)));
      }
      placed.execute();
      plan.freeDeviceMemory();
    } catch (RuntimeException | LinkageError | TornadoExecutionPlanException e) {
      throw TornadoVm.failure("testing kernel " + version.name(), e);
    }
    check(version);
  }

  private void check(Version<LmHead.Arguments> version) {
    for (int i = 0; i < ROWS * N; i++) {
      double expected = 0;
      for (int k = 0; k < K; k++) {
        expected += (double) x.get(i / N * K + k) * w.get(i % N * K + k);
      }
      if (!(Math.abs(y.get(i) - expected) <= TOLERANCE)) {
        throw new GptException(
            "kernel " + version.name() + ": expected " + expected + ", found " + y.get(i));
      }
    }
  }
}
