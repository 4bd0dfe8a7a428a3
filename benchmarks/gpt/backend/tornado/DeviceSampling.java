package gpt.backend.tornado;

import gpt.benchmarks.Counters;
import gpt.benchmarks.Devices;
import gpt.benchmarks.Sampling;
import gpt.benchmarks.Shape;
import gpt.benchmarks.Work;
import gpt.benchmarks.WrongResultException;
import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What does drawing a token cost where the logits are, on a device, and what would copying them to
 * the host and drawing there?
 *
 * <p>Claim: on a GPU the chain on the device costs less than copying the logits and drawing on the
 * host; on a CPU device, which copies within the same memory, it has one thread for a sequence.
 *
 * <p>Control: {@code fetch}, which copies the logits to the host and draws there; both must choose
 * the same id. {@link gpt.benchmarks.HostSampling} is the drawing alone.
 *
 * <p>Command: {@code scripts/bench --device opencl:0 --operations sampling --shapes gpt2}
 *
 * <p>What to see: {@code chain} beside {@code fetch} for each setting.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DeviceSampling {
  private static final int[] PROMPT = {1, 2, 3};

  @Param("sampling-top-p-flat")
  public String operation;

  @Param("gpt2")
  public String shape;

  @Param("1")
  public int rows;

  @Param("f32")
  public String dtype;

  @Param("opencl:0")
  public String device;

  @Param("chain")
  public String version;

  private DeviceSampler there;
  private HostSampler here;
  private History history;
  private float[][] logits;
  private float[] copy;
  private boolean fetches;
  private Work work;
  private int step;

  /** Brings the kernels and checks that host and device draw the same. */
  @Setup
  public void check() {
    Sampling sampling = Sampling.all().get(operation);
    int vocabSize = Shape.of(shape).orElseThrow().config().vocabSize();
    logits = sampling.logits(vocabSize);
    copy = new float[vocabSize];
    fetches = version.equals("fetch");
    work = Sampling.work(vocabSize);
    here = new HostSampler(sampling.parameters(), vocabSize);
    history = new History(vocabSize);
    history.start(PROMPT);
    there = new DeviceSampler(Devices.named(device), 1, vocabSize, 0);
    there.start(List.of(new Drawing(sampling.parameters(), PROMPT)), 0);
    for (step = 0; step < logits.length; step++) {
      there.bring(new float[][] {logits[step]}, step);
      int drawn = there.draw()[0];
      there.fetch(0, copy);
      int expected = here.sample(copy, history, 0, step);
      history.add(expected);
      WrongResultException.check(
          drawn == expected ? null : "the device chose " + drawn + ", the host " + expected);
    }
  }

  /** Other logits, as a forward pass would leave them on the device. */
  @Setup(Level.Invocation)
  public void bring() {
    step++;
    there.bring(new float[][] {logits[step % logits.length]}, step);
  }

  /** One token. */
  @Benchmark
  public int draw(Counters counters) {
    counters.add(1, 0, work);
    if (fetches) {
      there.fetch(0, copy);
      return here.sample(copy, history, 0, step);
    }
    return there.draw()[0];
  }

  /** Frees the device's memory. */
  @TearDown
  public void close() {
    there.close();
  }
}
