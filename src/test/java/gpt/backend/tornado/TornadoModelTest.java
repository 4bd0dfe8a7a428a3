package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import gpt.OnFull;
import gpt.backend.reference.ReferenceEngine;
import gpt.emulator.OneOrder;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.generate.Requests;
import gpt.model.Approximations;
import gpt.model.Contexts;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.Drawing;
import gpt.sampling.Logprobs;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small models on a device, with the GPU's and the CPU's kernels, against the reference engine in
 * double precision.
 */
@Tag("kernels")
class TornadoModelTest implements OneOrder {
  static final SamplingParameters GREEDY = new SamplingParameters(0, 0, 0);
  private static final long SEED = 4711;

  /** Largest error of a logit; logits are up to about 20. */
  private static final double LOGITS = 5e-4;

  /** Every device, with the kernels of its type and of the other. */
  static Stream<TornadoDevices.Device> devices() {
    return TornadoDevices.find().all().stream()
        .flatMap(d -> Stream.of(d.with(Kernels.CPU), d.with(Kernels.GPU)));
  }

  static TornadoEngine open(
      GptConfig config, Weights weights, TornadoDevices.Device device, int samples) {
    return open(config, weights, device, samples, Precision.F32, null);
  }

  static TornadoEngine open(
      GptConfig config,
      Weights weights,
      TornadoDevices.Device device,
      int samples,
      Precision precision,
      Profile profile) {
    return TornadoEngine.open(
        config,
        weights,
        new TornadoEngine.Options(
            device, precision, Approximations.NONE, samples, LOGPROBS, 0, profile, false),
        LoadProgress.NONE);
  }

  /** Most log-probabilities for each token. */
  private static final int LOGPROBS = 5;

  /** Vocabulary of the models. */
  private static final int V = 31;

  /** Several heads and blocks but tiny, since the emulator is slow. */
  private static GptConfig shape(int blockSize, boolean bias, Gelu gelu) {
    return RandomWeights.shape(2, 3, 15, blockSize, V, bias, gelu);
  }

  static Stream<Arguments> passes() {
    return devices()
        .flatMap(
            d ->
                Stream.of(
                    Arguments.of(d, 40, true, Gelu.EXACT),
                    Arguments.of(d, 7, false, Gelu.TANH),
                    Arguments.of(d, 1, true, Gelu.TANH)));
  }

  /** Prompts of one token, which decode's kernels compute, to a full context window. */
  @ParameterizedTest
  @MethodSource("passes")
  void everyPositionsLogitsEqualTheReferences(
      TornadoDevices.Device device, int blockSize, boolean bias, Gelu gelu) {
    GptConfig config = shape(blockSize, bias, gelu);
    Weights weights = RandomWeights.of(config, SEED, 0.5f);
    Random random = new Random(SEED);
    try (TornadoEngine engine = open(config, weights, device, 1);
        ReferenceEngine reference = new ReferenceEngine(config, weights)) {
      for (int length : List.of(1, Math.min(3, blockSize), blockSize)) {
        int[] ids = random.ints(length, 0, config.vocabSize()).toArray();
        float[][] expected = logits(reference, ids);
        float[][] found = logits(engine, ids);
        for (int t = 0; t < length; t++) {
          assertClose(expected[t], found[t], LOGITS, "of " + length + " position " + t);
        }
      }
    }
  }

  private static float[][] logits(Engine engine, int[] ids) {
    float[][] all = new float[ids.length][];
    try (Context context = new Context(engine)) {
      context.append(ids, (pos, row) -> all[pos] = Arrays.copyOf(row, V));
      assertEquals(ids.length, context.length());
    }
    return all;
  }

  private static float[] append(TornadoEngine engine, Sequence sequence, int... ids) {
    float[][] last = new float[1][];
    Want want = new Want.Logits(1, (pos, row) -> last[0] = row);
    engine.step(List.of(new Work(sequence, ids, want)));
    return last[0];
  }

  private static void assertClose(float[] expected, float[] found, double tolerance, String what) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], tolerance, what + ", logit " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void aSequenceCanBeExtendedTruncatedAndExtendedAgain(TornadoDevices.Device device) {
    GptConfig config = shape(80, true, Gelu.EXACT); // two chunks of split attention
    Weights weights = RandomWeights.of(config, SEED + 1, 0.5f);
    try (TornadoEngine engine = open(config, weights, device, 2);
        ReferenceEngine reference = new ReferenceEngine(config, weights);
        Sequence a = engine.open();
        Sequence b = engine.open();
        Context plain = new Context(reference)) {
      int[] first = new Random(SEED).ints(50, 0, V).toArray();
      int[] second = new Random(SEED + 1).ints(20, 0, V).toArray();
      // Another sequence, whose keys and values must not mix with the first one's.
      engine.step(List.of(Work.append(b, second)));
      assertClose(plain.append(first), append(engine, a, first), LOGITS, "prompt");
      assertClose(plain.append(second), append(engine, a, second), LOGITS, "more");
      assertEquals(70, a.length());
      plain.truncate(10);
      a.truncate(10);
      assertClose(plain.append(5), append(engine, a, 5), LOGITS, "after truncation");
      assertClose(plain.append(6), append(engine, a, 6), LOGITS, "decode");
      assertEquals(12, a.length());
      assertEquals(20, b.length());
    }
  }

  /** Forks of a sequence, one of which is replaced by another prompt. */
  @ParameterizedTest
  @MethodSource("devices")
  void eachSequenceHasItsOwnContinuation(TornadoDevices.Device device) {
    GptConfig config = shape(48, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 2, 0.5f);
    int[] prompt = new Random(SEED).ints(9, 0, V).toArray();
    int[] other = new Random(SEED + 9).ints(40, 0, V).toArray();
    List<Integer> expected = greedy(config, weights, prompt, 12);
    List<Integer> expectedOther = greedy(config, weights, other, 5);
    try (TornadoEngine engine = open(config, weights, device, 3)) {
      Sequence first = engine.open();
      engine.step(List.of(Work.append(first, Arrays.copyOf(prompt, 8))));
      List<Sequence> texts = List.of(first, first.fork(), first.fork());
      List<Want.Token> tokens = texts.stream().map(text -> new Want.Token(false)).toList();
      texts.forEach(text -> text.drawing(drawing(GREEDY), 0));
      for (int i = 0; i < 12; i++) {
        List<Work> work = new ArrayList<>();
        for (int text = 0; text < 3; text++) {
          int[] ids = i == 0 ? new int[] {prompt[8]} : new int[0];
          if (i == 7 && text == 1) {
            texts.get(1).truncate(0);
            ids = other;
          }
          work.add(new Work(texts.get(text), ids, tokens.get(text).at(i)));
        }
        engine.step(work);
        assertEquals(expected.get(i), tokens.get(0).id());
        assertEquals(expected.get(i), tokens.get(2).id());
        assertEquals(i < 7 ? expected.get(i) : expectedOther.get(i - 7), tokens.get(1).id());
      }
    }
  }

  /** With a prompt longer than the context window, and completions that slide. */
  @ParameterizedTest
  @MethodSource("devices")
  void drawsTheSameIdsAsTheHost(TornadoDevices.Device device) {
    GptConfig config = shape(12, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 5, 0.5f);
    SamplingParameters.Builder all = SamplingParameters.builder().seed(SEED);
    all.repetitionPenalty(1.3).frequencyPenalty(0.2).presencePenalty(0.4);
    all.logitBias(3, 1.5).logitBias(4, Double.NEGATIVE_INFINITY).minNewTokens(3);
    SamplingParameters chain =
        all.temperature(1.2).topK(20).topP(0.95).minP(0.01).typicalP(0.9).build();
    List<SamplingParameters> each =
        List.of(
            new SamplingParameters(0.8, 200, 1337),
            new SamplingParameters(1, 0, -1),
            SamplingParameters.builder().temperature(0).repetitionPenalty(1.5).build(),
            chain);
    int[] prompt = new Random(SEED).ints(15, 0, V).toArray();
    try (TornadoEngine engine = open(config, weights, device, 3);
        ReferenceEngine reference = new ReferenceEngine(config, weights)) {
      // A quarter of a minute each on the emulator, which therefore runs the whole chain only.
      for (SamplingParameters sampling : device.isEmulator() ? List.of(chain) : each) {
        for (int samples : device.isEmulator() ? List.of(3) : List.of(1, 3)) {
          assertEquals(
              texts(reference, prompt, sampling, samples),
              texts(engine, prompt, sampling, samples),
              sampling + ", " + samples);
        }
      }
    }
  }

  /** The new ids of each completion; the first one has index 1, which seeds its random numbers. */
  private static List<List<Integer>> texts(
      Engine engine, int[] prompt, SamplingParameters sampling, int samples) {
    int[] half = Arrays.copyOf(prompt, 5);
    List<List<Integer>> texts = new ArrayList<>();
    for (int[] given : List.of(prompt, half)) {
      Request request =
          Requests.of(given, 10, OptionalInt.of(7), List.of(), OnFull.SLIDE, sampling, 1, samples);
      Listener listener = (sample, id, text) -> true;
      new Generator(engine, Optional.empty())
          .generate(request, listener)
          .forEach(text -> texts.add(Arrays.stream(text.ids()).boxed().toList()));
    }
    return texts;
  }

  /** The device rounds log-probabilities to 2⁻²⁴ bits and logits to float. */
  @ParameterizedTest
  @MethodSource("devices")
  void logProbabilitiesEqualTheReferences(TornadoDevices.Device device) {
    GptConfig config = shape(12, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 6, 0.5f);
    int[] prompt = new Random(SEED).ints(5, 0, V).toArray();
    SamplingParameters penalised =
        SamplingParameters.builder().temperature(1.3).topK(3).repetitionPenalty(2).build();
    Profile profile = new Profile();
    try (TornadoEngine engine = open(config, weights, device, 2, Precision.F32, profile);
        ReferenceEngine reference = new ReferenceEngine(config, weights)) {
      for (SamplingParameters sampling : List.of(GREEDY, penalised)) {
        // Tokens after the prompt, in decode, and after sliding.
        Request request =
            Requests.of(
                prompt, 10, OptionalInt.empty(), List.of(), OnFull.SLIDE, sampling, 0, 2, LOGPROBS);
        List<FinishedCompletion> expected = generate(reference, request);
        List<FinishedCompletion> found = generate(engine, request);
        for (int text = 0; text < 2; text++) {
          assertArrayEquals(expected.get(text).ids(), found.get(text).ids());
          assertEquals(10, found.get(text).logprobs().size());
          for (int i = 0; i < 10; i++) {
            Logprobs right = expected.get(text).logprobs().get(i);
            Logprobs each = found.get(text).logprobs().get(i);
            assertArrayEquals(right.ids(), each.ids());
            assertArrayEquals(right.values(), each.values(), LOGITS);
            assertEquals(right.chosen(), each.chosen(), LOGITS);
          }
        }
      }
      // Nothing but ids and log-probabilities is copied back.
      Drawing drawing = new Drawing(GREEDY, prompt, new int[0], LOGPROBS);
      Sequence first = engine.open();
      first.drawing(drawing, 0);
      engine.step(List.of(Work.append(first, prompt)));
      List<Work> next = new ArrayList<>();
      for (Sequence sequence : List.of(first, first.fork())) {
        Want.Token token = new Want.Token(false);
        engine.step(List.of(new Work(sequence, new int[] {1}, token.at(0))));
        next.add(Work.appendDrawn(sequence, token.at(1)));
      }
      engine.step(next);
      next.forEach(work -> ((Want.Token) work.want()).at(2));
      profile.reset();
      engine.step(next);
      assertEquals(2 * 4 + 16 + 2 * 4 * (4 + 2 * LOGPROBS) + 16, profile.reset().bytesOut());
      next.forEach(work -> work.sequence().close());
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void nothingRunsAfterClose(TornadoDevices.Device device) {
    GptConfig config = shape(7, true, Gelu.EXACT);
    TornadoEngine engine = open(config, RandomWeights.of(config, SEED, 0.5f), device, 2);
    Sequence sequence = engine.open();
    sequence.drawing(drawing(GREEDY), 0);
    Want.Token token = new Want.Token(false);
    engine.step(List.of(new Work(sequence, new int[] {1}, token.at(0))));
    engine.close();
    engine.close();
    List<Work> next = List.of(Work.appendDrawn(sequence, token.at(1)));
    assertThrows(IllegalStateException.class, () -> engine.step(next));
    assertThrows(IllegalStateException.class, sequence::fork);
    IllegalStateException e = assertThrows(IllegalStateException.class, engine::open);
    assertEquals(Contexts.closed().getMessage(), e.getMessage());
  }

  private static List<FinishedCompletion> generate(Engine engine, Request request) {
    return new Generator(engine, Optional.empty()).generate(request, (sample, id, text) -> true);
  }

  /** A drawing without a prompt for penalties. */
  static Drawing drawing(SamplingParameters sampling) {
    return new Drawing(sampling, new int[0]);
  }

  static List<Integer> greedy(GptConfig config, Weights weights, int[] prompt, int n) {
    List<Integer> ids = new ArrayList<>();
    try (ReferenceEngine reference = new ReferenceEngine(config, weights);
        Context context = new Context(reference)) {
      float[] logits = context.append(prompt);
      while (true) {
        float[] now = logits;
        int best =
            IntStream.range(0, config.vocabSize())
                .reduce((a, b) -> now[b] > now[a] ? b : a)
                .orElse(0);
        ids.add(best);
        if (ids.size() == n) {
          return ids;
        }
        logits = context.append(best);
      }
    }
  }

  static Stream<Arguments> precisions() {
    return devices()
        .flatMap(
            d ->
                Stream.of(Precision.values())
                    .filter(EnumSet.of(Precision.F32, Precision.F16, Precision.I8)::contains)
                    .filter(p -> p != Precision.F16 || d.hasHalf())
                    .map(p -> Arguments.of(d, p)));
  }

  /** The reference has the same rounded weights, so the tolerance is that of f32. */
  @ParameterizedTest
  @MethodSource("precisions")
  void reducedPrecisionRoundsOnlyTheWeights(TornadoDevices.Device device, Precision precision) {
    GptConfig config = shape(40, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 4, 0.5f);
    int[] ids = new Random(SEED).ints(40, 0, V).toArray();
    try (TornadoEngine engine = open(config, weights, device, 1, precision, null);
        ReferenceEngine reference =
            new ReferenceEngine(config, RoundedWeights.of(weights, precision))) {
      assertEquals(precision.word(), engine.dtype());
      float[][] expected = logits(reference, ids);
      float[][] found = logits(engine, ids);
      for (int t = 0; t < ids.length; t++) {
        assertClose(expected[t], found[t], LOGITS, precision + " position " + t);
      }
    }
  }
}
