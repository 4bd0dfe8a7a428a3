package gpt.kernels;

import gpt.benchmarks.Counters;
import gpt.benchmarks.Devices;
import gpt.benchmarks.Product;
import gpt.benchmarks.Shape;
import gpt.benchmarks.Work;
import gpt.model.Precision;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How fast is NVIDIA's cuBLAS at the projections of {@link KernelVersions}?
 *
 * <p>Claim: none of ours; it is the yardstick. cuBLAS has the fastest products for NVIDIA's GPUs,
 * on tensor cores in f16 ({@code cublas}, f16) and tf32 ({@code cublas-tf32}), else in f32.
 *
 * <p>Control: the same operation in {@link KernelVersions}, which also adds the bias and applies
 * the rest of its epilogue: {@code tensorCores} beside {@code cublas} in f16, {@code tiled} beside
 * {@code cublas} in f32. cuBLAS is the product alone, on matrices of the same shape.
 *
 * <p>Command: {@code scripts/bench --device cuda:0 --operations gelu --shapes gpt2}, with an SDK of
 * TornadoVM that was built with cuBLAS.
 *
 * <p>What to see: the time of a product, as the caller's wait for a CUDA graph of {@value
 * CuBlas#PRODUCTS}, divided by their number: TornadoVM does not time a library task on the device.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CuBlasProducts {
  @Param("gelu")
  public String operation;

  @Param("gpt2")
  public String shape;

  @Param("256")
  public int rows;

  @Param("f16")
  public String dtype;

  @Param("cuda:0")
  public String device;

  @Param("cublas")
  public String version;

  private CuBlas cublas;
  private Work work;

  /** Makes the matrices and checks their product. */
  @Setup
  public void check() throws Exception {
    Product of = Product.of(operation, Shape.of(shape).orElseThrow()).orElseThrow();
    work = Work.product(Precision.valueOf(dtype.toUpperCase(Locale.ROOT)), rows, of.n(), of.k());
    CuBlas.Kind kind =
        CuBlas.Kind.of(dtype).stream()
            .filter(k -> k.version().equals(version))
            .findFirst()
            .orElseThrow();
    cublas = new CuBlas(of, rows, kind, Devices.named(device));
  }

  /** A CUDA graph of products. */
  @Benchmark
  @OperationsPerInvocation(CuBlas.PRODUCTS)
  public void multiply(Counters counters) {
    cublas.multiply();
    counters.add(CuBlas.PRODUCTS, 0, work);
  }

  /** Frees the device's memory. */
  @TearDown
  public void close() {
    cublas.close();
  }
}
