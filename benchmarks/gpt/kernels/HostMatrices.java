package gpt.kernels;

import gpt.backend.cpu.Difference;
import gpt.benchmarks.Counters;
import gpt.benchmarks.Shape;
import gpt.benchmarks.Work;
import gpt.benchmarks.WrongResultException;
import gpt.model.Precision;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * How fast is {@code tornado-matrices}, TornadoVM's own matrix product, on the host?
 *
 * <p>Claim: it is one loop on one thread, so both versions of {@link
 * gpt.backend.cpu.CpuOperations}, which use all cores, are faster.
 *
 * <p>Control: lm_head of {@link gpt.backend.cpu.CpuOperations} at the same shape, and memory's
 * bandwidth in the same run.
 *
 * <p>Command: {@code scripts/bench --device cpu --operations lm-head}, with TornadoVM's SDK, of
 * which {@code tornado-matrices} is a part.
 *
 * <p>What to see: {@code tornado-matrices} against {@code plain} and {@code vector}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HostMatrices {
  @Param("lm-head")
  public String operation;

  @Param("gpt2")
  public String shape;

  @Param("1")
  public int rows;

  @Param("f32")
  public String dtype;

  @Param("cpu")
  public String device;

  @Param("tornado-matrices")
  public String version;

  private TornadoMatrices matrices;
  private Work work;

  /** Makes the matrices and checks their product. */
  @Setup
  public void check() throws ReflectiveOperationException {
    Shape of = Shape.of(shape).orElseThrow();
    work = Work.of(operation, of, rows, Precision.F32);
    LmHead.Arguments a =
        (LmHead.Arguments)
            KernelOperations.caseOf(KernelOperations.named(operation), of, rows, dtype).arguments();
    matrices = new TornadoMatrices(a.x().asItIs(), a.w(), rows);
    matrices.multiply();
    float[] product = matrices.product();
    Difference difference = new Difference();
    int n = a.w().n();
    int k = a.w().k();
    for (int at = 0; at < product.length; at++) {
      double sum = 0;
      for (int i = 0; i < k; i++) {
        sum += a.x().asItIs().get(at / n * k + i) * KernelCase.weight(a.w(), at % n, i);
      }
      difference.add(at, product[at], sum);
    }
    WrongResultException.check(difference.error());
  }

  /** One product. */
  @Benchmark
  public void multiply(Counters counters) throws ReflectiveOperationException {
    matrices.multiply();
    counters.add(1, 0, work);
  }
}
