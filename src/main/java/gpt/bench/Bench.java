package gpt.bench;

import gpt.model.Backend;
import gpt.model.GptException;
import gpt.model.Precision;
import gpt.sampling.Drawing;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.SamplingParameters;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Times tests on a backend. Tokens are random, from a seed. Where the device draws tokens itself,
 * it draws them here too, the likeliest, and feeds them to itself, as in generation: that is part
 * of the time. On the CPU the logits are the end, and drawing is not.
 */
public final class Bench {
  /** Of the tokens. */
  public static final long SEED = 1;

  private static final long WARM_UP = 2_000_000_000;
  private static final long LONGEST_WARM_UP = 20_000_000_000L;

  private final Backend backend;
  private final Precision precision;
  private final DoubleSupplier probe;
  private final LongSupplier clock;

  /**
   * Makes one.
   *
   * @param precision how the backend keeps matrices
   * @param probe measures the memory's bandwidth, bytes a second, before each repetition
   */
  public Bench(Backend backend, Precision precision, DoubleSupplier probe) {
    this(backend, precision, probe, System::nanoTime);
  }

  Bench(Backend backend, Precision precision, DoubleSupplier probe, LongSupplier clock) {
    this.backend = backend;
    this.precision = precision;
    this.probe = probe;
    this.clock = clock;
  }

  /**
   * Times a test.
   *
   * @param repetitions at least 1
   * @param warmUp whether it is run before, until Java has compiled it: 2 to 20 s
   * @param each told after each repetition
   * @throws GptException where the model gives logits that no token can be drawn from
   */
  public BenchResult run(BenchTest test, int repetitions, boolean warmUp, Runnable each) {
    int[] ids = ids(test);
    long[] nanos = new long[repetitions];
    long[] first = new long[repetitions];
    double[] probes = new double[repetitions];
    try (Runner runner = runner(ids)) {
      if (warmUp) {
        warmUp(runner, test);
      }
      Instant time = Instant.now();
      for (int i = 0; i < repetitions; i++) {
        probes[i] = probe.getAsDouble();
        runner.settle();
        long start = clock.getAsLong();
        long prompt = runner.run(test);
        nanos[i] = clock.getAsLong() - start;
        first[i] = prompt == 0 ? 0 : prompt - start;
        runner.check();
        each.run();
      }
      return new BenchResult(test, backend.config(), precision, time, nanos, first, probes);
    }
  }

  /** Runs a test once more, for a profiler: nanoseconds that it took. */
  public long once(BenchTest test) {
    try (Runner runner = runner(ids(test))) {
      long start = clock.getAsLong();
      runner.run(test);
      return clock.getAsLong() - start;
    }
  }

  private int[] ids(BenchTest test) {
    return new Random(SEED)
        .ints(Math.max(1, test.tokens()), 0, backend.config().vocabSize())
        .toArray();
  }

  /**
   * Runs a test until Java has compiled what it needs: for a time, and until a run is hardly faster
   * than the best before it.
   */
  private void warmUp(Runner runner, BenchTest test) {
    long start = clock.getAsLong();
    long best = Long.MAX_VALUE;
    while (true) {
      // As before each timed run: a pass that Java has not seen yet would throw its code away.
      runner.settle();
      long before = clock.getAsLong();
      runner.run(test);
      long now = clock.getAsLong();
      long took = now - before;
      runner.check();
      if (now - start >= WARM_UP && took > 0.9 * best || now - start >= LONGEST_WARM_UP) {
        return;
      }
      best = Math.min(best, took);
    }
  }

  private Runner runner(int[] ids) {
    Drawing drawing = new Drawing(SamplingParameters.greedy(), 0, new int[] {ids[0]});
    Optional<Backend.Batch> batch = backend.newBatch(drawing, 1);
    return batch.isPresent()
        ? new DrawnRunner(batch.get(), ids)
        : new FedRunner(backend.newSession(), ids);
  }

  /** Runs a test from an empty context. */
  private interface Runner extends AutoCloseable {
    /** Returns when the prompt was processed, 0 without one. */
    long run(BenchTest test);

    /** Refuses the logits of the last run if no token can be drawn from them. */
    void check();

    /** Runs one token, so that the caches hold what they do in the midst of a text. */
    void settle();

    @Override
    void close();
  }

  /** The host feeds tokens. */
  private final class FedRunner implements Runner {
    private final Backend.Session session;
    private final int[] ids;
    private float[] logits;

    FedRunner(Backend.Session session, int[] ids) {
      this.session = session;
      this.ids = ids;
    }

    @Override
    public long run(BenchTest test) {
      session.truncate(0);
      long prompt = 0;
      if (test.prompt() > 0) {
        logits = session.prefill(Arrays.copyOf(ids, test.prompt()));
        prompt = clock.getAsLong();
      }
      for (int i = test.prompt(); i < test.tokens(); i++) {
        logits = session.decode(ids[i]);
      }
      return prompt;
    }

    @Override
    public void check() {
      try {
        InvalidLogitsException.check(logits, backend.config().vocabSize());
      } catch (InvalidLogitsException e) {
        throw new GptException(e.getMessage(), e);
      }
    }

    @Override
    public void settle() {
      session.truncate(0);
      session.decode(ids[0]);
    }

    @Override
    public void close() {
      session.close();
    }
  }

  /** The device feeds its own. */
  private final class DrawnRunner implements Runner {
    private final Backend.Batch batch;
    private final int[] ids;

    DrawnRunner(Backend.Batch batch, int[] ids) {
      this.batch = batch;
      this.ids = ids;
    }

    @Override
    public long run(BenchTest test) {
      batch.start(Arrays.copyOf(ids, Math.max(1, test.prompt())));
      long prompt = test.prompt() > 0 ? clock.getAsLong() : 0;
      // Without a prompt the first token, which begins the context, counts as decoded.
      for (int i = Math.max(1, test.prompt()); i < test.tokens(); i++) {
        batch.next();
      }
      return prompt;
    }

    @Override
    public void check() {} // the device has drawn from them

    @Override
    public void settle() {
      batch.start(Arrays.copyOf(ids, 1));
    }

    @Override
    public void close() {
      batch.close();
    }
  }
}
