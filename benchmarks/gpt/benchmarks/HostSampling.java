package gpt.benchmarks;

import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingChecks;
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
 * What does drawing a token cost on the host, whatever the logits look like?
 *
 * <p>Claim: less than a quarter of the lm_head product at GPT-2's shape, for flat and for peaked
 * logits. A sampler that sorts the candidates of top-p, as llama3.java's does, takes longer than a
 * whole forward pass with flat logits, where nearly all of 50,257 ids are candidates; this sampler
 * does not sort.
 *
 * <p>Control: {@code lm-head} with one row at the same shape ({@link
 * gpt.backend.cpu.CpuOperations}), which the runner adds.
 *
 * <p>Command: {@code scripts/bench --device cpu --operations sampling --shapes gpt2}
 *
 * <p>What to see: a row for each setting, and the report's column relative to lm_head. The sampler
 * runs on one thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HostSampling {
  @Param("sampling-top-p-flat")
  public String operation;

  @Param("gpt2")
  public String shape;

  @Param("1")
  public int rows;

  @Param("f32")
  public String dtype;

  @Param("cpu")
  public String device;

  @Param("plain")
  public String version;

  private float[][] logits;
  private HostSampler sampler;
  private History history;
  private Work work;
  private int step;

  /** Creates the logits and checks the drawn tokens. */
  @Setup
  public void check() {
    Sampling sampling = Sampling.all().get(operation);
    int vocabSize = Shape.of(shape).orElseThrow().config().vocabSize();
    logits = sampling.logits(vocabSize);
    sampler = new HostSampler(sampling.parameters(), vocabSize);
    history = new History(vocabSize);
    history.start(new int[] {1, 2, 3});
    work = Sampling.work(vocabSize);
    for (float[] row : logits) {
      WrongResultException.check(
          SamplingChecks.wrong(sampling.parameters(), row, history, step, sampler));
      step++;
    }
  }

  /** Draws one token. */
  @Benchmark
  public int draw(Counters counters) {
    step++;
    counters.add(1, 0, work);
    return sampler.sample(logits[step % logits.length], history, 0, step);
  }
}
