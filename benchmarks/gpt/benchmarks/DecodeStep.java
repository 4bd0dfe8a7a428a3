package gpt.benchmarks;

import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.sampling.Drawing;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * What does a token of decode cost, and how close is that to reading every weight once?
 *
 * <p>A token here is what the program makes of one: the forward pass and the draw (temperature 0.8,
 * top-k 200), on the CPU with {@link gpt.sampling.HostSampler}, on a device with the chain there.
 *
 * <p>Claim: on the CPU, from GPT-2's smallest model on, a token of the Vector API takes little more
 * than reading the weights; on a GPU the launches of a small model take longer than its kernels.
 *
 * <p>Control: plain Java; the copy and the sum over memory of the same run; the device's own time
 * for kernels beside the time that a token takes, which has the launches and the host in it.
 *
 * <p>Command: {@code scripts/bench --operations decode --shapes gpt2}
 *
 * <p>What to see: a time for each version, of which GB/s are the weights' bytes. A context of 8 to
 * 16 tokens; {@link gpt.backend.cpu.CpuOperations}' attention is that of a full one. TornadoVM's
 * profiler is on.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeStep {
  private static final int PROMPT = 8;

  /** Tokens between two returns to the prompt, which are not timed. */
  static final int TOKENS = 8;

  @Param("decode")
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

  private StepModel model;
  private Sequence sequence;
  private Want.Token token;
  private List<gpt.engine.Work> start;
  private List<gpt.engine.Work> next;

  /** Opens the model and checks its logits. */
  @Setup
  public void open() {
    model =
        new StepModel(
            operation, Shape.of(shape).orElseThrow(), rows, dtype, device, version, PROMPT);
    int[] prompt = model.ids(PROMPT);
    sequence = model.engine.open();
    sequence.drawing(new Drawing(StepModel.SAMPLING, 0, prompt), 0);
    token = new Want.Token(false);
    start = List.of(new gpt.engine.Work(sequence, prompt, token));
    next = List.of(gpt.engine.Work.appendDrawn(sequence, token));
  }

  /** Back to the prompt. */
  @Setup(Level.Invocation)
  public void start() {
    sequence.truncate(0);
    token.at(0);
    model.engine.step(start);
    model.deviceNanos();
  }

  /** Some tokens, each from the one before. */
  @Benchmark
  @OperationsPerInvocation(TOKENS)
  public int tokens(Counters counters) {
    for (int step = 1; step <= TOKENS; step++) {
      token.at(step);
      model.engine.step(next);
    }
    counters.add(TOKENS, model.deviceNanos(), model.work);
    return token.id();
  }

  /** Frees the weights. */
  @TearDown
  public void close() {
    sequence.close();
    model.close();
  }
}
