package gpt.bench;

import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Precision;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.sampling.Drawing;
import gpt.sampling.SamplingParameters;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Times tests on an engine. Prompts are random tokens from a fixed seed. Decoding is greedy, and
 * choosing the token is included in the time.
 */
public final class Bench {
  /** Seed of the prompts' random tokens. */
  public static final long SEED = 1;

  private static final long MIN_WARM_UP_NANOS = 2_000_000_000;
  private static final long MAX_WARM_UP_NANOS = 20_000_000_000L;

  private final Engine engine;
  private final double weightBytes;
  private final DoubleSupplier probe;
  private final LongSupplier clock;

  /**
   * A benchmark of an engine.
   *
   * @param weightBytes see {@link #weightBytes}
   * @param probe measures the memory bandwidth in bytes per second, before each repetition
   */
  public Bench(Engine engine, double weightBytes, DoubleSupplier probe) {
    this(engine, weightBytes, probe, System::nanoTime);
  }

  /** Bytes of the matrices that each token reads: all but an embedding that is not lm_head too. */
  public static double weightBytes(Weights weights, Precision precision) {
    double all = weights.matrices().mapToDouble(m -> bytes(m, precision.of(m))).sum();
    return weights.tied() ? all : all - bytes(weights.wte(), precision.of(weights.wte()));
  }

  private static double bytes(Tensor matrix, Precision precision) {
    return switch (precision) {
      case STORED -> matrix.dtype().bytes(matrix.size());
      case I8 -> matrix.size() + Float.BYTES * (double) matrix.rows(); // and scales
      default -> precision.bytes(matrix.size());
    };
  }

  Bench(Engine engine, double weightBytes, DoubleSupplier probe, LongSupplier clock) {
    this.engine = engine;
    this.weightBytes = weightBytes;
    this.probe = probe;
    this.clock = clock;
  }

  /**
   * Times a test.
   *
   * @param repetitions at least 1
   * @param warmUp whether to run the test before timing until the JIT has compiled it: 2 to 20 s
   * @param afterEach called after each repetition
   * @throws gpt.GptException where no token can be drawn from the model's logits
   */
  public BenchResult run(BenchTest test, int repetitions, boolean warmUp, Runnable afterEach) {
    long[] nanos = new long[repetitions];
    long[] first = new long[repetitions];
    double[] probes = new double[repetitions];
    try (Runner runner = new Runner(test)) {
      if (warmUp) {
        warmUp(runner);
      }
      Instant time = Instant.now();
      for (int i = 0; i < repetitions; i++) {
        probes[i] = probe.getAsDouble();
        runner.settle();
        long start = clock.getAsLong();
        long prompt = runner.run();
        nanos[i] = clock.getAsLong() - start;
        first[i] = prompt == 0 ? 0 : prompt - start;
        afterEach.run();
      }
      return new BenchResult(test, engine.config(), weightBytes, time, nanos, first, probes);
    }
  }

  /** Runs a test once, for a profiler; returns the nanoseconds it took. */
  public long once(BenchTest test) {
    try (Runner runner = new Runner(test)) {
      long start = clock.getAsLong();
      runner.run();
      return clock.getAsLong() - start;
    }
  }

  private int[] ids(BenchTest test) {
    return new Random(SEED)
        .ints(Math.max(1, test.prompt()), 0, engine.config().vocabSize())
        .toArray();
  }

  /**
   * Runs a test until the JIT has compiled it: at least {@link #MIN_WARM_UP_NANOS}, and until a run
   * takes more than 90% of the fastest one before it.
   */
  private void warmUp(Runner runner) {
    long start = clock.getAsLong();
    long best = Long.MAX_VALUE;
    while (true) {
      // As before each timed run: a new code path would deoptimize the compiled code.
      runner.settle();
      long before = clock.getAsLong();
      runner.run();
      long now = clock.getAsLong();
      long took = now - before;
      if (now - start >= MIN_WARM_UP_NANOS && took > 0.9 * best
          || now - start >= MAX_WARM_UP_NANOS) {
        return;
      }
      best = Math.min(best, took);
    }
  }

  /** Runs a test repeatedly, each time from empty sequences. */
  private final class Runner implements AutoCloseable {
    private final BenchTest test;
    private final int[] ids;
    private final List<Sequence> sequences = new ArrayList<>();
    private final List<Work> prompts = new ArrayList<>();
    private final List<Work> decode = new ArrayList<>();
    private final List<Work> settle = new ArrayList<>();

    Runner(BenchTest test) {
      this.test = test;
      ids = ids(test);
      int[] prompt = Arrays.copyOf(ids, Math.max(1, test.prompt()));
      Drawing drawing = new Drawing(SamplingParameters.greedy(), prompt);
      for (int i = 0; i < test.sequences(); i++) {
        Sequence sequence = engine.open();
        sequence.drawing(drawing, i);
        sequences.add(sequence);
        Want.Token token = new Want.Token(false);
        prompts.add(new Work(sequence, prompt, token));
        decode.add(Work.appendDrawn(sequence, token));
        settle.add(new Work(sequence, Arrays.copyOf(prompt, 1), token));
      }
    }

    /** Runs the test; returns the time when the prompts were processed, 0 without prompts. */
    long run() {
      sequences.forEach(sequence -> sequence.truncate(0));
      engine.step(prompts);
      check();
      long prompt = test.prompt() > 0 ? clock.getAsLong() : 0;
      // Without a prompt the first token of the sequence counts as decoded.
      for (int i = Math.max(1, test.prompt()); i < test.prompt() + test.generated(); i++) {
        engine.step(decode);
      }
      check();
      return prompt;
    }

    /** Throws where no token could be drawn. */
    private void check() {
      decode.forEach(item -> ((Want.Token) item.want()).id());
    }

    /** Runs one token, so that the CPU caches are in the state of ongoing decoding. */
    void settle() {
      sequences.forEach(sequence -> sequence.truncate(0));
      engine.step(settle);
    }

    @Override
    public void close() {
      sequences.forEach(Sequence::close);
    }
  }
}
