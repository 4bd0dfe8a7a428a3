package gpt.benchmarks;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A benchmark whose check or whose call fails. */
@State(Scope.Benchmark)
public class AlwaysWrong {
  @Param("x")
  public String operation;

  @Param("x")
  public String shape;

  @Param("1")
  public int rows;

  @Param("x")
  public String dtype;

  @Param("x")
  public String device;

  @Param("result")
  public String version;

  /** Fails with version {@code result}. */
  @Setup
  public void check() {
    WrongResultException.check(version.equals("result") ? "element 3 is 4.0" : null);
  }

  /** Always fails. */
  @Benchmark
  public void run(Counters counters) {
    throw new IllegalStateException("no such device\nand more");
  }
}
