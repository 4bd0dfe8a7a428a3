package gpt.kernels;

import gpt.benchmarks.Counters;
import gpt.benchmarks.Devices;
import gpt.benchmarks.Shape;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How fast is each version of each TornadoVM kernel, and how close does it come to what bounds it?
 *
 * <p>Claim: the versions for a kind of device are the fastest on it: on a CPU device the {@code
 * …PerThread} versions are 4 to 10 times as fast as the {@code …PerGroup} versions, and on a GPU
 * vice versa.
 *
 * <p>Control: the naive version, a copy on the same device in the same run, and the same operation
 * in {@link gpt.backend.cpu.CpuOperations}. Cases and checks of the results are those of the tests.
 * Every launch reads the same weights, which may stay in the device's cache.
 *
 * <p>Command: {@code scripts/bench --device opencl:0 --operations gelu --shapes gpt2}
 *
 * <p>What to see: the kernel time of a launch (TornadoVM's profiler) beside the time that the host
 * waits for it, 30 to 60 µs more. GB/s, GFLOP/s and the share of the copy's bandwidth are computed
 * from the kernel time. The runner does not fork for these rows: HotSpot does not compile the timed
 * code, and a fork with TornadoVM takes 3 seconds.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class KernelVersions {
  @Param("gelu")
  public String operation;

  @Param("gpt2")
  public String shape;

  @Param("1")
  public int rows;

  @Param("f32")
  public String dtype;

  @Param("opencl:0")
  public String device;

  @Param("naive")
  public String version;

  private TimedKernel kernel;

  /** Makes the inputs, compiles the kernel, and checks its result. */
  @Setup
  public void check() throws Exception {
    kernel =
        TimedKernel.of(
            operation, Shape.of(shape).orElseThrow(), rows, dtype, version, Devices.named(device));
  }

  /** One launch. */
  @Benchmark
  public void launch(Counters counters) {
    counters.add(1, kernel.launch(), kernel.work());
  }

  /** Frees the device's memory. */
  @TearDown
  public void close() {
    kernel.close();
  }
}
