package gpt.bench;

import gpt.OnFull;
import gpt.engine.Engine;
import gpt.generate.Generator;
import gpt.generate.Request;
import gpt.generate.draft.Drafter;
import gpt.sampling.SamplingParameters;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Times speculative decoding: generates each text without drafts and with them, in turn, so that
 * both have the same disturbances. The texts are equal.
 */
public final class DraftBench {
  private static final long MIN_WARM_UP_NANOS = 4_000_000_000L;
  private static final long MAX_WARM_UP_NANOS = 30_000_000_000L;

  private final Engine engine;
  private final Drafter drafter;
  private final SamplingParameters sampling;
  private final int[] text;

  /**
   * A benchmark of a drafter.
   *
   * @param drafter belongs to the caller
   * @param text begins with the prompts; empty for random tokens
   */
  public DraftBench(Engine engine, Drafter drafter, SamplingParameters sampling, int... text) {
    this.engine = engine;
    this.drafter = drafter;
    this.sampling = sampling;
    this.text = text.clone();
  }

  /**
   * Times a test that generates tokens, each repetition with other random numbers.
   *
   * @param warmUp whether to run the test for some seconds before
   * @param afterEach called after each repetition
   */
  public DraftResult run(BenchTest test, int repetitions, boolean warmUp, Runnable afterEach) {
    Generator plain = new Generator(engine, Optional.empty());
    Generator drafted = new Generator(engine, Optional.empty(), Optional.of(drafter));
    int[] prompt = prompt(Math.max(1, test.prompt()));
    drafter.prepare();
    if (warmUp) {
      long start = System.nanoTime();
      long took;
      do {
        nanos(plain, test, prompt, 0);
        nanos(drafted, test, prompt, 0);
        took = System.nanoTime() - start;
      } while (took < MIN_WARM_UP_NANOS || !drafter.isWarm() && took < MAX_WARM_UP_NANOS);
    }
    Instant time = Instant.now();
    long drafts = drafter.drafts();
    long right = drafter.right();
    long[] without = new long[repetitions];
    long[] with = new long[repetitions];
    for (int i = 0; i < repetitions; i++) {
      without[i] = nanos(plain, test, prompt, i + 1);
      with[i] = nanos(drafted, test, prompt, i + 1);
      afterEach.run();
    }
    double[] probes = new double[repetitions];
    Arrays.fill(probes, Double.NaN);
    BenchResult result =
        new BenchResult(
            test, engine.config(), Double.NaN, time, with, new long[repetitions], probes);
    return new DraftResult(result, without, drafter.drafts() - drafts, drafter.right() - right);
  }

  private int[] prompt(int length) {
    return text.length >= length
        ? Arrays.copyOf(text, length)
        : new Random(Bench.SEED).ints(length, 0, engine.config().vocabSize()).toArray();
  }

  private long nanos(Generator generator, BenchTest test, int[] prompt, int repetition) {
    Request request =
        new Request(
            prompt,
            new Request.Length(test.generated(), new int[0], List.of(), OnFull.STOP),
            sampling,
            repetition * test.sequences(),
            test.sequences(),
            0,
            false);
    long start = System.nanoTime();
    generator.generate(request, (sample, id, each) -> true);
    return System.nanoTime() - start;
  }
}
