package gpt.backend.cpu;

import gpt.benchmarks.Counters;
import gpt.benchmarks.Shape;
import gpt.benchmarks.WrongResultException;
import gpt.model.Precision;
import java.util.Locale;
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
 * How fast is each operation of the forward pass on the CPU, and what does the Vector API gain over
 * plain Java?
 *
 * <p>Claim: with one row, products are memory-bound, so the Vector API gains little where the
 * weights come from memory (lm_head) and more where they come from a cache; with the rows of a
 * prompt it is 4 times as fast or more.
 *
 * <p>Control: plain Java, the same packing and tiling with 8 sums in scalar registers; and the copy
 * and read bandwidth of memory, measured in the same run. Each call reads the same weights: a
 * matrix that fits into a cache is read from there, and its share of the copy bandwidth can exceed
 * 1. {@link gpt.benchmarks.DecodeStep} reads all weights of a model in turn.
 *
 * <p>Command: {@code scripts/bench --device cpu --operations gelu,lm-head}
 *
 * <p>What to see: {@code vector} against {@code plain}, their ratio, GB/s and GFLOP/s.
 * Cross-entropy has the plain version only.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CpuOperations {
  @Param("gelu")
  public String operation;

  @Param("gpt2")
  public String shape;

  @Param("1")
  public int rows;

  @Param("f32")
  public String dtype;

  @Param("cpu")
  public String device;

  @Param("vector")
  public String version;

  private CpuCase one;

  /** Creates the inputs and checks the result. */
  @Setup
  public void check() {
    one =
        CpuCase.of(
            operation,
            Shape.of(shape).orElseThrow(),
            rows,
            Precision.valueOf(dtype.toUpperCase(Locale.ROOT)),
            version,
            Runtime.getRuntime().availableProcessors());
    WrongResultException.check(one.check());
  }

  /** One operation. */
  @Benchmark
  public void run(Counters counters) {
    one.run();
    counters.add(1, 0, one.work);
  }

  /** Frees the weights. */
  @TearDown
  public void close() {
    one.close();
  }
}
