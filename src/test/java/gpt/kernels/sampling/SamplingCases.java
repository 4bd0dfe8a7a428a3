package gpt.kernels.sampling;

import gpt.kernels.KernelCase;
import gpt.sampling.ChainConstants;
import gpt.sampling.Philox;
import gpt.sampling.SamplingParameters;
import gpt.sampling.Weight;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Cases of the sampling chain's kernels. */
public final class SamplingCases {
  private static final int STEP = 11;
  private static final long LEVEL_SEED = 0x1234_5678_9ABCL;

  private SamplingCases() {}

  /** All penalties. */
  private static final SamplingParameters PENALTIES =
      SamplingParameters.builder()
          .repetitionPenalty(1.3)
          .frequencyPenalty(0.25)
          .presencePenalty(-0.5)
          .build();

  /** Row b has slot B − 1 − b. */
  private static IntArray slotOf(KernelCase<?> test, int samples) {
    return test.ints(IntStream.range(0, samples).map(b -> samples - 1 - b).toArray());
  }

  /**
   * The parameters of all slots, from pairs of index and value. The value at index {@code counted}
   * increases by 1 from row to row.
   */
  private static IntArray parameters(
      KernelCase<?> test, int samples, int counted, int... placesAndValues) {
    int[] parameters = new int[samples * Sampling.PARAMETERS];
    for (int b = 0; b < samples; b++) {
      int slot = (samples - 1 - b) * Sampling.PARAMETERS;
      for (int i = 0; i < placesAndValues.length; i += 2) {
        int more = placesAndValues[i] == counted ? b : 0;
        parameters[slot + placesAndValues[i]] = placesAndValues[i + 1] + more;
      }
    }
    return test.ints(parameters);
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

  /** With random histories; {@code on} turns penalties and biases on. */
  public static KernelCase<LogitSteps.Arguments> logitSteps(
      int samples, Sampling.Layout layout, boolean on, long seed) {
    int v = layout.vocabSize();
    KernelCase<LogitSteps.Arguments> test =
        new KernelCase<>(
            "logit steps %s rows %d, %s".formatted(on ? "on" : "off", samples, layout), seed);
    ChainConstants constants = ChainConstants.of(PENALTIES);
    IntArray pass = test.pass(samples, samples, samples, 0);
    FloatArray logits = test.floats(samples * v, 3);
    Random random = test.random();
    int[] seen = IntStream.range(0, samples * v).map(i -> seen(random)).toArray();
    FloatArray bias = test.floats(samples * v, 1);
    FloatArray values = test.output(samples * v);
    int chunks = layout.chunks();
    FloatArray maxima = test.output(3 * samples * chunks);
    double[] expected = new double[samples * v];
    double[] largest = new double[3 * samples * chunks];
    for (int b = 0; b < samples; b++) {
      for (int id = 0; id < v; id++) {
        double logit = logits.get(b * v + id);
        int own = (samples - 1 - b) * v + id;
        int bits = seen[own];
        double value = logit;
        if (on && bits != 0) {
          value *= value > 0 ? 1 / 1.3 : 1.3;
          int count = bits & Sampling.COUNT_MASK;
          value -= count == 0 ? 0 : 0.25 * count - 0.5;
        }
        expected[b * v + id] = on ? value + bias.get(own) : value;
        int at = 3 * (b * chunks + id / layout.chunk());
        boolean first = id % layout.chunk() == 0;
        largest[at] = first ? expected[b * v + id] : Math.max(largest[at], expected[b * v + id]);
        largest[at + 1] = first ? logit : Math.max(largest[at + 1], logit);
      }
    }
    IntArray parameters =
        parameters(
            test,
            samples,
            -1,
            Sampling.PENALTIES,
            on ? 1 : 0,
            Sampling.BIASES,
            on ? 1 : 0,
            Sampling.FREQUENCY,
            constants.frequencyUnits(),
            Sampling.PRESENCE,
            constants.presenceUnits(),
            Sampling.FREQUENCY_LIMIT,
            constants.frequencyLimit());
    return test.cost(8L * samples * v, 8L * samples * v)
        .expect(values, expected)
        .expect(maxima, largest)
        .arguments(
            new LogitSteps.Arguments(
                pass,
                slotOf(test, samples),
                parameters,
                factors(test, samples, constants),
                logits,
                test.ints(seen),
                bias,
                values,
                maxima,
                samples,
                layout,
                false));
  }

  private static int seen(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> Sampling.IN_PROMPT;
      case 1 -> 1 + random.nextInt(4);
      case 2 -> Sampling.IN_PROMPT + 2;
      default -> 0;
    };
  }

  private static FloatArray factors(KernelCase<?> test, int samples, ChainConstants constants) {
    FloatArray factors = test.floats(samples * Sampling.FACTORS, 1);
    for (int slot = 0; slot < samples; slot++) {
      int at = slot * Sampling.FACTORS;
      factors.set(at + Sampling.PENALTY, constants.penalty());
      factors.set(at + Sampling.INVERSE_PENALTY, constants.inversePenalty());
      factors.set(at + Sampling.BITS_PER_LOGIT, constants.bitsPerLogit());
    }
    return factors;
  }

  /** The third row, if there is one, has a NaN. */
  public static KernelCase<Distances.Arguments> distances(
      int samples, Sampling.Layout layout, double temperature, long seed) {
    int v = layout.vocabSize();
    KernelCase<Distances.Arguments> test =
        new KernelCase<>(
            "distances rows %d, temperature %s, %s".formatted(samples, temperature, layout), seed);
    ChainConstants constants = ChainConstants.of(new SamplingParameters(temperature, 0, 0));
    IntArray pass = test.pass(samples, samples, samples, 0);
    FloatArray values = test.floats(samples * v, 5);
    values.set(0, Sampling.MASKED_LOGIT);
    int chunks = layout.chunks();
    FloatArray maxima = test.floats(3 * samples * chunks, 1);
    IntArray states = test.intOutput(samples * Sampling.STATE_SIZE);
    IntArray distances = test.intOutput(samples * v);
    int[] expected = new int[samples * v];
    int[] state = states.toHeapArray();
    for (int b = 0; b < samples; b++) {
      float top = Sampling.MASKED_LOGIT;
      for (int id = 0; id < v; id++) {
        top = Math.max(top, values.get(b * v + id));
      }
      int status = b == 2 ? Sampling.NAN : v == 1 && b == 0 ? Sampling.ALL_BANNED : 0;
      for (int g = 0; g < chunks; g++) {
        maxima.set(3 * (b * chunks + g), g == b % chunks ? top : Sampling.MASKED_LOGIT);
        maxima.set(3 * (b * chunks + g) + 1, 1);
        maxima.set(3 * (b * chunks + g) + 2, g == chunks - 1 && b == 2 ? status : 0);
      }
      for (int id = 0; id < v; id++) {
        float value = values.get(b * v + id);
        float bits = (top - value) * constants.bitsPerLogit();
        boolean unmasked = status == 0 && value > Sampling.MIN_LOGIT && bits < 64;
        expected[b * v + id] = unmasked ? (int) (bits * 0x1p24f) : Weight.MASKED_DISTANCE;
      }
      int at = b * Sampling.STATE_SIZE;
      Arrays.fill(state, at, at + 2 * Sampling.KIND_DRAW + 2, Sampling.MASKED_DISTANCE);
      state[at + Sampling.STATUS] = status;
      state[at + Sampling.KEY_PREFIX] = 0;
      state[at + Sampling.ID_PREFIX] = 0;
      state[at + Sampling.MEAN] = 0;
    }
    return test.cost(8L * samples * v, 3L * samples * v)
        .expect(distances, expected)
        .expect(states, Arrays.copyOf(state, samples * Sampling.STATE_SIZE))
        .arguments(
            new Distances.Arguments(
                pass,
                slotOf(test, samples),
                factors(test, samples, constants),
                values,
                maxima,
                distances,
                states,
                samples,
                layout,
                false));
  }

  /** Distances of all magnitudes, with ties and masked tokens. */
  private static int[] randomDistances(Random random, int n) {
    return IntStream.range(0, n)
        .map(
            i ->
                random.nextInt(8) == 0
                    ? Weight.MASKED_DISTANCE
                    : random.nextInt(3) == 0
                        ? random.nextInt(4) << 22
                        : random.nextInt(1 << (10 + random.nextInt(20))))
        .toArray();
  }

  /** Random thresholds of earlier filters, which remove some tokens. */
  private static int[] randomStates(Random random, int samples, int vocabSize) {
    int[] states = new int[samples * Sampling.STATE_SIZE];
    for (int b = 0; b < samples; b++) {
      int at = b * Sampling.STATE_SIZE;
      for (int kind = Sampling.KIND_LOGPROBS; kind <= Sampling.KIND_DRAW; kind++) {
        states[at + 2 * kind] = random.nextBoolean() ? Sampling.MASKED_DISTANCE : 1 << 24;
        states[at + 2 * kind + 1] =
            kind == Sampling.KIND_TOP_K ? Sampling.MASKED_DISTANCE : random.nextInt(vocabSize);
      }
      states[at + Sampling.MEAN] = random.nextInt(1 << 25);
    }
    return states;
  }

  /** The key of a kind followed by the id, as one number. */
  private static long place(int kind, int q, int id, int mean, Sampling.Layout layout) {
    long key =
        switch (kind) {
          case Sampling.KIND_DRAW -> 0;
          case Sampling.KIND_TYPICAL_P -> Math.abs(q - mean);
          default -> q;
        };
    int idBits =
        layout.digitBits() * (layout.lastLevel(Sampling.KIND_DRAW) + 1 - layout.keyLevels());
    return (key << idBits) + id;
  }

  private static boolean kept(int kind, int q, int id, int minP, int[] states, int at) {
    boolean kept = q < Weight.MASKED_DISTANCE;
    if (kind > Sampling.KIND_TOP_K) {
      kept &= q <= states[at + 2 * Sampling.KIND_TOP_K];
    }
    if (kind > Sampling.KIND_TOP_P) {
      kept &= within(q, id, states, at + 2 * Sampling.KIND_TOP_P);
      kept &= q <= minP;
    }
    if (kind > Sampling.KIND_TYPICAL_P) {
      int key = Math.abs(q - states[at + Sampling.MEAN]);
      kept &= within(key, id, states, at + 2 * Sampling.KIND_TYPICAL_P);
    }
    return kept;
  }

  private static boolean within(int key, int id, int[] states, int at) {
    return key < states[at] || (key == states[at] && id <= states[at + 1]);
  }

  public static KernelCase<Tally.Arguments> tally(
      int samples, Sampling.Layout layout, int kind, int level, long seed) {
    int v = layout.vocabSize();
    KernelCase<Tally.Arguments> test =
        new KernelCase<>(
            "tally rows %d, kind %d, level %d, %s".formatted(samples, kind, level, layout), seed);
    IntArray pass = test.pass(samples, samples, samples, 0);
    int[] distances = randomDistances(test.random(), samples * v);
    int[] states = randomStates(test.random(), samples, v);
    int minP = 3 << 24;
    int digits = layout.lastLevel(Sampling.KIND_DRAW) + 1;
    int below = layout.digitBits() * (digits - 1 - level);
    int idBits = layout.digitBits() * (digits - layout.keyLevels());
    long[] sums = new long[samples * layout.chunks() * layout.bins()];
    for (int b = 0; b < samples; b++) {
      int at = b * Sampling.STATE_SIZE;
      int mean = states[at + Sampling.MEAN];
      int answer = test.random().nextInt(v);
      int q = Math.min(distances[b * v + answer], Weight.MASKED_DISTANCE - 1);
      long known = place(kind, q, answer, mean, layout) >> (below + layout.digitBits());
      if (level < layout.keyLevels()) {
        states[at + Sampling.KEY_PREFIX] = (int) known;
      } else {
        int idKnown = idBits - below - layout.digitBits();
        states[at + Sampling.KEY_PREFIX] = (int) (known >> idKnown);
        states[at + Sampling.ID_PREFIX] = (int) (known & ((1L << idKnown) - 1));
      }
      for (int id = 0; id < v; id++) {
        int each = distances[b * v + id];
        long digitsOf = place(kind, each, id, mean, layout) >> below;
        if (kept(kind, each, id, minP + b, states, at) && digitsOf >> layout.digitBits() == known) {
          int bin = (int) (digitsOf & (layout.bins() - 1));
          sums[(b * layout.chunks() + id / layout.chunk()) * layout.bins() + bin] +=
              kind <= Sampling.KIND_TOP_K ? 1 : Weight.of(each);
        }
      }
    }
    IntArray result = test.intOutput(2 * sums.length);
    return test.cost(4L * samples * v, 0)
        .expect(result, words(sums))
        .arguments(
            new Tally.Arguments(
                pass,
                slotOf(test, samples),
                parameters(test, samples, Sampling.MIN_P, Sampling.MIN_P, minP),
                test.ints(distances),
                test.ints(states),
                result,
                samples,
                layout,
                kind,
                level));
  }

  private static int[] words(long... values) {
    return Arrays.stream(values)
        .flatMap(value -> Arrays.stream(new long[] {value >> 32, (int) value}))
        .mapToInt(value -> (int) value)
        .toArray();
  }

  public static KernelCase<SelectDigit.Arguments> selectDigit(
      int samples, Sampling.Layout layout, int kind, int level, long seed) {
    KernelCase<SelectDigit.Arguments> test =
        new KernelCase<>(
            "select digit rows %d, kind %d, level %d, %s".formatted(samples, kind, level, layout),
            seed);
    IntArray pass = test.pass(samples, samples, samples, 0);
    int bins = layout.bins();
    int chunks = layout.chunks();
    long max = kind <= Sampling.KIND_TOP_K ? 3 : 1L << 40;
    Random random = test.random();
    long[] sums =
        random
            .longs((long) samples * chunks * bins, 0, max)
            .map(sum -> random.nextBoolean() ? 0 : sum)
            .toArray();
    int k = 5;
    int fraction = 700_000_000;
    int[] states = randomStates(random, samples, layout.vocabSize());
    for (int b = 0; b < samples; b++) {
      states[b * Sampling.STATE_SIZE + Sampling.KEY_PREFIX] =
          level == layout.firstLevel(kind) ? 0 : 3;
      states[b * Sampling.STATE_SIZE + Sampling.ID_PREFIX] = level <= layout.keyLevels() ? 0 : 1;
    }
    int[] after = states.clone();
    for (int b = 0; b < samples; b++) {
      long[] totals = new long[bins];
      for (int i = 0; i < chunks * bins; i++) {
        totals[i % bins] += sums[b * chunks * bins + i];
      }
      long total = Arrays.stream(totals).sum();
      long remaining = 1 + (long) (random.nextDouble() * total);
      if (level == layout.firstLevel(kind)) {
        remaining =
            switch (kind) {
              case Sampling.KIND_LOGPROBS -> Math.min(k, total);
              case Sampling.KIND_TOP_K -> k < total ? k : 0;
              case Sampling.KIND_DRAW ->
                  Weight.drawPoint(total, Philox.bits(LEVEL_SEED, 4 + b, STEP)) + 1;
              default -> Weight.fractionOf(total, fraction);
            };
      } else if (total == 0) {
        remaining = 0;
      }
      int at = b * Sampling.STATE_SIZE;
      int[] remainingWords = words(remaining);
      states[at + Sampling.REMAINING] = remainingWords[0];
      states[at + Sampling.REMAINING + 1] = remainingWords[1];
      int found = 0;
      while (totals[found] < remaining) {
        remaining -= totals[found++];
      }
      boolean idDigit = level >= layout.keyLevels();
      boolean last = level == layout.lastLevel(kind);
      int place = at + (idDigit ? Sampling.ID_PREFIX : Sampling.KEY_PREFIX);
      int digits = states[place] << layout.digitBits() | found;
      if (last && remaining > 0) {
        after[at + 2 * kind] = idDigit ? states[at + Sampling.KEY_PREFIX] : digits;
        if (idDigit) {
          after[at + 2 * kind + 1] = digits;
        }
      }
      after[at + Sampling.KEY_PREFIX] =
          last ? 0 : idDigit ? states[at + Sampling.KEY_PREFIX] : digits;
      after[at + Sampling.ID_PREFIX] =
          last ? 0 : idDigit ? digits : states[at + Sampling.ID_PREFIX];
      after[at + Sampling.REMAINING] = words(remaining)[0];
      after[at + Sampling.REMAINING + 1] = words(remaining)[1];
    }
    IntArray parameters =
        parameters(
            test,
            samples,
            Sampling.SAMPLE,
            Sampling.LOGPROBS,
            k,
            Sampling.TOP_K,
            k,
            Sampling.TOP_P,
            fraction,
            Sampling.TYPICAL_P,
            fraction,
            Sampling.SEED_LOW,
            (int) LEVEL_SEED,
            Sampling.SEED_HIGH,
            (int) (LEVEL_SEED >> 32),
            Sampling.STEP,
            STEP,
            Sampling.SAMPLE,
            4);
    IntArray state = test.intInOut(states);
    return test.cost(8L * sums.length, 0)
        .expect(state, after)
        .arguments(
            new SelectDigit.Arguments(
                pass,
                slotOf(test, samples),
                parameters,
                test.ints(words(sums)),
                state,
                samples,
                layout,
                kind,
                level));
  }

  public static KernelCase<Moments.Arguments> moments(int samples, int vocabSize, long seed) {
    KernelCase<Moments.Arguments> test =
        new KernelCase<>("moments rows %d, vocabulary %d".formatted(samples, vocabSize), seed);
    IntArray pass = test.pass(samples, samples, samples, 0);
    int[] distances = randomDistances(test.random(), samples * vocabSize);
    int[] states = randomStates(test.random(), samples, vocabSize);
    int minP = 5 << 24;
    int[] after = states.clone();
    for (int b = 0; b < samples; b++) {
      BigInteger moment = BigInteger.ZERO;
      long sum = 0;
      for (int id = 0; id < vocabSize; id++) {
        int q = distances[b * vocabSize + id];
        if (kept(Sampling.KIND_TYPICAL_P, q, id, minP + b, states, b * Sampling.STATE_SIZE)) {
          BigInteger weight = BigInteger.valueOf(Weight.of(q) >> 14);
          moment = moment.add(weight.multiply(BigInteger.valueOf(q)));
          sum += Weight.of(q) >> 14;
        }
      }
      if (sum > 0) {
        after[b * Sampling.STATE_SIZE + Sampling.MEAN] =
            moment.divide(BigInteger.valueOf(sum)).intValueExact();
      }
    }
    IntArray state = test.intInOut(states);
    return test.cost(4L * samples * vocabSize, 0)
        .expect(state, after)
        .arguments(
            new Moments.Arguments(
                pass,
                slotOf(test, samples),
                parameters(test, samples, Sampling.MIN_P, Sampling.MIN_P, minP),
                test.ints(distances),
                state,
                samples,
                vocabSize));
  }

  /** Four rows: the second has a status, the last two are greedy. */
  public static KernelCase<Draw.Arguments> draw(boolean penalties, long seed) {
    int samples = 4;
    int v = 40;
    KernelCase<Draw.Arguments> test =
        new KernelCase<>("draw penalties %s".formatted(penalties), seed);
    IntArray pass = test.pass(samples, samples, samples, 0);
    int[] states = randomStates(test.random(), samples, v);
    states[Sampling.STATE_SIZE + Sampling.STATUS] = Sampling.ALL_BANNED;
    int[] before = {7, 8, 9, 10};
    int[] seen = test.random().ints(samples * v, 0, 5).toArray();
    int[] ids = new int[samples];
    int[] counted = seen.clone();
    for (int b = 0; b < samples; b++) {
      ids[b] = b >= 2 ? before[b] : states[b * Sampling.STATE_SIZE + 2 * Sampling.KIND_DRAW + 1];
      if (b == 1) {
        ids[b] = Sampling.ALL_BANNED;
      } else if (penalties) {
        counted[(samples - 1 - b) * v + ids[b]]++;
      }
    }
    IntArray chosen = test.intInOut(before);
    IntArray history = test.intInOut(seen);
    int[] parameters = new int[samples * Sampling.PARAMETERS];
    for (int slot = 0; slot < samples; slot++) {
      int at = slot * Sampling.PARAMETERS;
      parameters[at + Sampling.PENALTIES] = penalties ? 1 : 0;
      parameters[at + Sampling.GREEDY] = slot < 2 ? 1 : 0; // of rows 3 and 2
    }
    return test.expect(chosen, ids)
        .expect(history, counted)
        .arguments(
            new Draw.Arguments(
                pass,
                slotOf(test, samples),
                test.ints(parameters),
                test.ints(states),
                chosen,
                history,
                samples,
                v));
  }

  /**
   * With the threshold of the n likeliest tokens of each row; the second row has no drawn token.
   */
  public static KernelCase<TopTokens.Arguments> topTokens(
      int samples, int vocabSize, int n, long seed) {
    KernelCase<TopTokens.Arguments> test =
        new KernelCase<>(
            "top tokens rows %d, vocabulary %d, %d".formatted(samples, vocabSize, n), seed);
    IntArray pass = test.pass(samples, samples, samples, 0);
    int[] distances = randomDistances(test.random(), samples * vocabSize);
    int[] states = randomStates(test.random(), samples, vocabSize);
    int[] chosen = new int[samples];
    int size = TopTokens.HEADER + 2 * n;
    IntArray top = test.intOutput(samples * size);
    int[] expected = Arrays.copyOf(top.toHeapArray(), samples * size);
    for (int b = 0; b < samples; b++) {
      int row = b * vocabSize;
      long[] places =
          IntStream.range(0, vocabSize)
              .filter(id -> distances[row + id] < Weight.MASKED_DISTANCE)
              .mapToLong(id -> ((long) distances[row + id] << 20) + id)
              .sorted()
              .limit(n)
              .toArray();
      long last = places[places.length - 1];
      states[b * Sampling.STATE_SIZE + 2 * Sampling.KIND_LOGPROBS] = (int) (last >> 20);
      states[b * Sampling.STATE_SIZE + 2 * Sampling.KIND_LOGPROBS + 1] = (int) (last & 0xFFFFF);
      chosen[b] = b == 1 ? Sampling.ALL_BANNED : test.random().nextInt(vocabSize);
      long sum =
          IntStream.range(0, vocabSize).mapToLong(id -> Weight.of(distances[row + id])).sum();
      int at = b * size;
      expected[at] = words(sum)[0];
      expected[at + 1] = words(sum)[1];
      expected[at + 2] = b == 1 ? Weight.MASKED_DISTANCE : distances[row + chosen[b]];
      expected[at + 3] = places.length;
      int[] ids = Arrays.stream(places).mapToInt(place -> (int) place & 0xFFFFF).sorted().toArray();
      for (int i = 0; i < ids.length; i++) {
        expected[at + TopTokens.HEADER + 2 * i] = ids[i];
        expected[at + TopTokens.HEADER + 2 * i + 1] = distances[row + ids[i]];
      }
    }
    return test.cost(4L * samples * vocabSize, 0)
        .expect(top, expected)
        .arguments(
            new TopTokens.Arguments(
                pass,
                test.ints(distances),
                test.ints(states),
                test.ints(chosen),
                top,
                samples,
                vocabSize,
                n));
  }
}
