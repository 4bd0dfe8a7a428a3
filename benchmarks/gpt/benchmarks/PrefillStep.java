package gpt.benchmarks;

import gpt.engine.Sequence;
import gpt.engine.Want;
import java.util.List;
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
 * What does a prompt of 256 tokens cost, and how close does it come to the FMA peak?
 *
 * <p>Claim: the Vector API is 5 times as fast as plain Java or more, and its products come close to
 * the CPU's FMA peak. Only the logits of the last position are computed.
 *
 * <p>Control: plain Java, and FMA chains in registers in the same run.
 *
 * <p>Command: {@code scripts/bench --operations prefill --shapes gpt2}
 *
 * <p>What to see: a time for each version and its GFLOP/s, which do not count attention (4% at
 * GPT-2's shape).
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PrefillStep {
  @Param("prefill")
  public String operation;

  @Param("gpt2")
  public String shape;

  @Param("256")
  public int rows;

  @Param("f32")
  public String dtype;

  @Param("cpu")
  public String device;

  @Param("vector")
  public String version;

  private StepModel model;
  private Sequence sequence;
  private List<gpt.engine.Work> step;
  private float first;

  /** Opens the model and checks its logits. */
  @Setup
  public void open() {
    model =
        new StepModel(operation, Shape.of(shape).orElseThrow(), rows, dtype, device, version, rows);
    sequence = model.engine.open();
    Want want = new Want.Logits(1, (pos, logits) -> first = logits[0]);
    step = List.of(new gpt.engine.Work(sequence, model.ids(rows), want));
    model.deviceNanos();
  }

  /** Processes the prompt in one step. */
  @Benchmark
  public float prompt(Counters counters) {
    sequence.truncate(0);
    model.engine.step(step);
    counters.add(1, model.deviceNanos(), model.work);
    return first;
  }

  /** Frees the weights. */
  @TearDown
  public void close() {
    sequence.close();
    model.close();
  }
}
