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
 * <p>Claim: a device runs the versions made for its kind fastest: on a CPU device the {@code
 * …PerThread} ones are 4 to 10 times as fast as the {@code …PerGroup} ones, and on a GPU the other
 * way round.
 *
 * <p>Control: the naive version, a copy on the same device in the same run, and the same operation
 * in {@link gpt.backend.cpu.CpuOperations}. The cases are those of the tests, and the result is
 * checked as they check it. Every launch reads the same weights: a device's cache may hold them.
 *
 * <p>Command: {@code scripts/bench --device opencl:0 --operations gelu --shapes gpt2}
 *
 * <p>What to see: the device's own time for a launch (TornadoVM's profiler) beside the time that
 * the host waits for it, which adds 30 to 60 µs; GB/s, GFLOP/s and the share of the copy's
 * bandwidth are of the device's. The runner does not fork for these rows: the code that is timed is
 * not HotSpot's, and a fork of TornadoVM costs 3 seconds.
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
