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
 * <p>A token takes the forward pass and sampling (temperature 0.8, top-k 200): on the CPU by {@link
 * gpt.sampling.HostSampler}, on a device by the sampling kernels.
 *
 * <p>Claim: on the CPU, decode with the Vector API is memory-bound from GPT-2's smallest model on;
 * on a GPU a small model is launch-bound.
 *
 * <p>Control: plain Java; the copy and read bandwidth of memory in the same run; the device's time
 * in kernels against the whole time of a token, which includes launches and the host.
 *
 * <p>Command: {@code scripts/bench --operations decode --shapes gpt2}
 *
 * <p>What to see: a time for each version; GB/s counts the weights' bytes. The context is 8 to 16
 * tokens long; {@link gpt.backend.cpu.CpuOperations} measures attention with a full context window.
 * TornadoVM's profiler is on.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeStep {
  private static final int PROMPT = 8;

  /** Tokens of an invocation; returning to the prompt in between is not timed. */
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
    sequence.drawing(new Drawing(StepModel.SAMPLING, prompt), 0);
    token = new Want.Token(false);
    start = List.of(new gpt.engine.Work(sequence, prompt, token));
    next = List.of(gpt.engine.Work.appendDrawn(sequence, token));
  }

  /** Truncates the sequence and processes the prompt, untimed. */
  @Setup(Level.Invocation)
  public void start() {
    sequence.truncate(0);
    token.at(0);
    model.engine.step(start);
    model.deviceNanos();
  }

  /** Decodes {@link #TOKENS} tokens. */
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
