package gpt.kernels.sampling;

import gpt.kernels.KernelCase;
import gpt.kernels.runtime.Sampling;
import gpt.sampling.ChainConstants;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.SamplingParameters;
import gpt.sampling.Weight;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Cases of the sampling chain's kernels. */
public final class SamplingCases {
  private static final int STEP = 11;

  /** Index of the completion. */
  private static final int SAMPLE = 4;

  private static final long DRAW_SEED = 0x1234_5678_9ABCL;

  /** The default of the command line. */
  public static final SamplingParameters DEFAULT = chain().temperature(0.8).topK(200).build();

  /** Every step of the chain. */
  public static final SamplingParameters EVERYTHING =
      penalties().topK(200).topP(0.95).minP(0.001).typicalP(0.9).build();

  /** Each step by itself, and all together. */
  static final List<SamplingParameters> SETTINGS =
      List.of(
          SamplingParameters.greedy(),
          penalties().temperature(0).build(),
          DEFAULT,
          EVERYTHING,
          chain().build(),
          penalties().build(),
          chain().topK(7).build(),
          chain().topP(0.6).build(),
          chain().minP(0.05).build(),
          chain().typicalP(0.3).build());

  private SamplingCases() {}

  private static SamplingParameters.Builder chain() {
    return SamplingParameters.builder().seed(DRAW_SEED);
  }

  private static SamplingParameters.Builder penalties() {
    return chain()
        .repetitionPenalty(1.3)
        .frequencyPenalty(0.25)
        .presencePenalty(-0.5)
        .logitBias(0, 1.5)
        .minNewTokens(STEP + 1);
  }

  public static KernelCase<SamplingStart.Arguments> start(int samples, int vocabSize, long seed) {
    KernelCase<SamplingStart.Arguments> test =
        new KernelCase<>("start rows %d, vocabulary %d".formatted(samples, vocabSize), seed);
    int header = SamplingStart.HEADER;
    int[] request =
        test.random().ints(header + Sampling.PARAMETERS + vocabSize, 0, 99_999).toArray();
    int slot = samples - 1;
    request[0] = slot;
    FloatArray floats = test.floats(Sampling.FACTORS + vocabSize, 1);
    int[] before = test.random().ints(samples * Sampling.PARAMETERS).toArray();
    int[] seenBefore = test.random().ints(samples * vocabSize).toArray();
    IntArray parameters = test.intInOut(before.clone());
    IntArray seen = test.intInOut(seenBefore.clone());
    System.arraycopy(request, header, before, slot * Sampling.PARAMETERS, Sampling.PARAMETERS);
    System.arraycopy(
        request, header + Sampling.PARAMETERS, seenBefore, slot * vocabSize, vocabSize);
    FloatArray factors = test.output(samples * Sampling.FACTORS);
    FloatArray bias = test.output(samples * vocabSize);
    return test.expect(parameters, before)
        .expect(factors, last(doubles(floats, 0, Sampling.FACTORS), samples))
        .expect(seen, seenBefore)
        .expect(bias, last(doubles(floats, Sampling.FACTORS, vocabSize), samples))
        .arguments(
            new SamplingStart.Arguments(
                test.ints(request), floats, parameters, factors, seen, bias, vocabSize));
  }

  /** Values expected in the last slot; the other slots must not be written. */
  private static double[] last(double[] values, int samples) {
    double[] all = KernelCase.all(samples * values.length, Double.NaN);
    System.arraycopy(values, 0, all, all.length - values.length, values.length);
    return all;
  }

  private static double[] doubles(FloatArray array, int from, int n) {
    return IntStream.range(from, from + n).mapToDouble(array::get).toArray();
  }

  // The chain.

  /** One row for each of the settings, with Gaussian logits. */
  public static KernelCase<SamplingChain.Arguments> chain(
      List<SamplingParameters> settings, int vocabSize, long seed) {
    KernelCase<SamplingChain.Arguments> test =
        new KernelCase<>(
            "chain of %d settings, vocabulary %d".formatted(settings.size(), vocabSize), seed);
    FloatArray logits = test.floats((settings.size() + 1) * vocabSize, 3);
    return expectHost(test, settings, vocabSize, logits);
  }

  /** All logits of a row are equal. */
  static KernelCase<SamplingChain.Arguments> chainOfEqualLogits(int vocabSize, long seed) {
    List<SamplingParameters> settings =
        List.of(
            SamplingParameters.greedy(),
            chain().topK(5).build(),
            chain().topP(0.3).build(),
            chain().topP(0.3).typicalP(0.5).build());
    KernelCase<SamplingChain.Arguments> test =
        new KernelCase<>("chain of equal logits, vocabulary %d".formatted(vocabSize), seed);
    FloatArray logits = test.floats((settings.size() + 1) * vocabSize, 0);
    return expectHost(test, settings, vocabSize, logits);
  }

  /** Rows with a NaN, with +∞, with both, with −∞ only, with all tokens banned, and one allowed. */
  static KernelCase<SamplingChain.Arguments> chainOfInvalidLogits(int vocabSize, long seed) {
    SamplingParameters.Builder bans = chain();
    IntStream.range(0, vocabSize).forEach(id -> bans.logitBias(id, Double.NEGATIVE_INFINITY));
    SamplingParameters any = chain().topP(0.5).build();
    List<SamplingParameters> settings = List.of(any, any, any, any, bans.build(), any);
    KernelCase<SamplingChain.Arguments> test =
        new KernelCase<>("chain of invalid logits, vocabulary %d".formatted(vocabSize), seed);
    FloatArray logits = test.floats((settings.size() + 1) * vocabSize, 4);
    logits.set(test.random().nextInt(vocabSize), Float.NaN);
    logits.set(vocabSize + test.random().nextInt(vocabSize), Float.POSITIVE_INFINITY);
    logits.set(2 * vocabSize, Float.POSITIVE_INFINITY);
    logits.set(2 * vocabSize + 1, Float.NaN);
    for (int id = 0; id < vocabSize; id++) {
      logits.set(3 * vocabSize + id, Float.NEGATIVE_INFINITY);
      logits.set(5 * vocabSize + id, id == 1 ? -300 : Float.NEGATIVE_INFINITY);
    }
    return expectHost(test, settings, vocabSize, logits);
  }

  /**
   * Expects what the host draws from each row, with a random history. The last row of logits is not
   * drawn from.
   */
  private static KernelCase<SamplingChain.Arguments> expectHost(
      KernelCase<SamplingChain.Arguments> test,
      List<SamplingParameters> settings,
      int vocabSize,
      FloatArray logits) {
    int samples = settings.size();
    int rows = samples + 1;
    int stop = vocabSize / 2;
    IntArray pass = test.pass(rows, rows, samples, 0);
    int[] parameters = new int[rows * Sampling.PARAMETERS];
    FloatArray factors = test.floats(rows * Sampling.FACTORS, 1);
    FloatArray bias = test.floats(rows * vocabSize, 0);
    int[] seen = new int[rows * vocabSize];
    int[] chosenAfter = test.random().ints(rows, 0, 1000).toArray();
    int[] tokensAfter = test.random().ints(rows, 0, 1000).toArray();
    int[] positionsAfter = test.random().ints(rows, 0, 1000).toArray();
    int[][] before = {chosenAfter.clone(), tokensAfter.clone(), positionsAfter.clone()};
    int[] ids = new int[samples];
    for (int b = 0; b < samples; b++) {
      int slot = rows - 1 - b;
      History history = history(test.random(), vocabSize);
      for (int id = 0; id < vocabSize; id++) {
        seen[slot * vocabSize + id] = history.seen(id);
      }
      int row = slot;
      settings
          .get(b)
          .logitBias()
          .forEach((id, value) -> bias.set(row * vocabSize + id, value.floatValue()));
      setParameters(parameters, factors, slot, settings.get(b), stop);
      ids[b] = host(settings.get(b), logits, b * vocabSize, vocabSize, stop, history);
    }
    int[] seenAfter = seen.clone();
    int[] parametersAfter = parameters.clone();
    for (int b = 0; b < samples; b++) {
      chosenAfter[b] = ids[b];
      if (ids[b] >= 0) {
        int slot = rows - 1 - b;
        tokensAfter[b] = ids[b];
        positionsAfter[b]++;
        parametersAfter[slot * Sampling.PARAMETERS + Sampling.STEP]++;
        seenAfter[slot * vocabSize + ids[b]] += settings.get(b).needsHistory() ? 1 : 0;
      }
    }
    IntArray slotOf = test.ints(IntStream.range(0, rows).map(b -> rows - 1 - b).toArray());
    IntArray parameterArray = test.intInOut(parameters);
    IntArray seenArray = test.intInOut(seen);
    IntArray chosen = test.intInOut(before[0]);
    IntArray tokens = test.intInOut(before[1]);
    IntArray positions = test.intInOut(before[2]);
    return test.cost(4L * samples * vocabSize, 0)
        .expect(chosen, chosenAfter)
        .expect(tokens, tokensAfter)
        .expect(positions, positionsAfter)
        .expect(parameterArray, parametersAfter)
        .expect(seenArray, seenAfter)
        .arguments(
            new SamplingChain.Arguments(
                pass,
                slotOf,
                parameterArray,
                factors,
                logits,
                seenArray,
                bias,
                test.ints(new int[rows * vocabSize]),
                chosen,
                tokens,
                positions,
                vocabSize));
  }

  private static History history(Random random, int vocabSize) {
    History history = new History(vocabSize);
    history.start(random.ints(vocabSize / 4, 0, vocabSize).toArray());
    random.ints(vocabSize / 4, 0, vocabSize).forEach(history::add);
    return history;
  }

  private static void setParameters(
      int[] parameters, FloatArray factors, int slot, SamplingParameters sampling, int stop) {
    ChainConstants constants = ChainConstants.of(sampling);
    int p = slot * Sampling.PARAMETERS;
    parameters[p + Sampling.PENALTIES] = sampling.needsHistory() ? 1 : 0;
    parameters[p + Sampling.FREQUENCY] = constants.frequencyUnits();
    parameters[p + Sampling.FREQUENCY_LIMIT] = constants.frequencyLimit();
    parameters[p + Sampling.PRESENCE] = constants.presenceUnits();
    parameters[p + Sampling.BIASES] = sampling.logitBias().isEmpty() ? 0 : 1;
    parameters[p + Sampling.MIN_NEW_TOKENS] = sampling.minNewTokens();
    parameters[p + Sampling.STOPS] = 1;
    parameters[p + Sampling.STOP_IDS] = stop;
    parameters[p + Sampling.TOP_K] = constants.topK();
    parameters[p + Sampling.TOP_P] = constants.topPFraction();
    parameters[p + Sampling.MIN_P] = constants.minPLimit();
    parameters[p + Sampling.TYPICAL_P] = constants.typicalPFraction();
    parameters[p + Sampling.SEED_LOW] = (int) sampling.seed();
    parameters[p + Sampling.SEED_HIGH] = (int) (sampling.seed() >> 32);
    parameters[p + Sampling.SAMPLE] = SAMPLE;
    parameters[p + Sampling.STEP] = STEP;
    parameters[p + Sampling.GREEDY] = sampling.temperature() == 0 ? 1 : 0;
    int f = slot * Sampling.FACTORS;
    factors.set(f + Sampling.PENALTY, constants.penalty());
    factors.set(f + Sampling.INVERSE_PENALTY, constants.inversePenalty());
    factors.set(f + Sampling.BITS_PER_LOGIT, constants.bitsPerLogit());
  }

  /** What the host draws: an id or a status. */
  private static int host(
      SamplingParameters sampling,
      FloatArray logits,
      int from,
      int vocabSize,
      int stop,
      History history) {
    float[] row = new float[vocabSize];
    for (int id = 0; id < vocabSize; id++) {
      row[id] = logits.get(from + id);
    }
    try {
      return new HostSampler(sampling, vocabSize, stop).sample(row, history, SAMPLE, STEP);
    } catch (InvalidLogitsException e) {
      return status(e);
    }
  }

  /** The status that a device stores where the host throws. */
  public static int status(InvalidLogitsException e) {
    return switch (e.getMessage()) {
      case InvalidLogitsException.NO_FINITE -> Sampling.NO_FINITE;
      case InvalidLogitsException.ALL_BANNED -> Sampling.ALL_BANNED;
      default -> e.getMessage().contains("NaN") ? Sampling.NAN : Sampling.INFINITE;
    };
  }

  // Log-probabilities.

  /** The second row has no drawn token; some logits are equal, some −∞. */
  public static KernelCase<TopTokens.Arguments> topTokens(
      int samples, int vocabSize, int n, long seed) {
    KernelCase<TopTokens.Arguments> test =
        new KernelCase<>(
            "top tokens rows %d, vocabulary %d, %d".formatted(samples, vocabSize, n), seed);
    IntArray pass = test.pass(samples, samples, samples, 0);
    FloatArray logits = test.floats(samples * vocabSize, 3);
    for (int i = 0; i < logits.getSize(); i++) {
      int form = test.random().nextInt(8);
      logits.set(
          i,
          form == 0
              ? Float.NEGATIVE_INFINITY
              : form < 3 ? Math.round(logits.get(i)) : logits.get(i));
    }
    int[] chosen = new int[samples];
    int[] parameters = new int[samples * Sampling.PARAMETERS];
    int size = TopTokens.HEADER + 2 * n;
    IntArray top = test.intOutput(samples * size);
    int[] expected = Arrays.copyOf(top.toHeapArray(), samples * size);
    for (int b = 0; b < samples; b++) {
      int[] q = distances(logits, b * vocabSize, vocabSize);
      int[] ids =
          IntStream.range(0, vocabSize)
              .filter(id -> q[id] < Weight.MASKED_DISTANCE)
              .boxed()
              .sorted(Comparator.comparingInt((Integer id) -> q[id]).thenComparing(id -> id))
              .limit(n)
              .mapToInt(id -> id)
              .sorted()
              .toArray();
      chosen[b] = b == 1 ? Sampling.ALL_BANNED : test.random().nextInt(vocabSize);
      parameters[(samples - 1 - b) * Sampling.PARAMETERS + Sampling.LOGPROBS] = n;
      long sum = Arrays.stream(q).mapToLong(Weight::of).sum();
      int at = b * size;
      expected[at] = (int) (sum >> 32);
      expected[at + 1] = (int) sum;
      expected[at + 2] = b == 1 ? Weight.MASKED_DISTANCE : q[chosen[b]];
      expected[at + 3] = ids.length;
      for (int i = 0; i < ids.length; i++) {
        expected[at + TopTokens.HEADER + 2 * i] = ids[i];
        expected[at + TopTokens.HEADER + 2 * i + 1] = q[ids[i]];
      }
    }
    return test.cost(4L * samples * vocabSize, 0)
        .expect(top, expected)
        .arguments(
            new TopTokens.Arguments(
                pass,
                test.ints(IntStream.range(0, samples).map(b -> samples - 1 - b).toArray()),
                test.ints(parameters),
                logits,
                test.ints(new int[samples * vocabSize]),
                test.ints(chosen),
                top,
                vocabSize,
                n));
  }

  /** The distances of a row at temperature 1. */
  private static int[] distances(FloatArray logits, int from, int vocabSize) {
    float top = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < vocabSize; id++) {
      top = Math.max(top, logits.get(from + id));
    }
    int[] q = new int[vocabSize];
    for (int id = 0; id < vocabSize; id++) {
      float bits = (top - logits.get(from + id)) * 1.442695f;
      q[id] = bits < 64 ? (int) (bits * 0x1p24f) : Weight.MASKED_DISTANCE;
    }
    return q;
  }
}
