package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.reference.ReferenceEngine;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.generate.Generation;
import gpt.generate.Generator;
import gpt.generate.Listener;
import gpt.generate.OnFull;
import gpt.generate.Request;
import gpt.model.Contexts;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.Drawing;
import gpt.sampling.Logprobs;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small models on a device, with the kernels for a GPU and those for a CPU, against the plain
 * forward pass in double precision.
 */
@Tag("kernels")
class TornadoModelTest {
  static final SamplingParameters GREEDY = new SamplingParameters(0, 0, 0);
  private static final long SEED = 4711;

  /** Of a logit; they are up to about 20. */
  private static final double LOGITS = 5e-4;

  private static final String ORDERS = "gpt.emulator.orders";

  /** One order of each kernel's items: the kernels' own tests look for races. */
  @BeforeEach
  void runKernelsOnce() {
    System.setProperty(ORDERS, "1");
  }

  @AfterEach
  void runKernelsInSeveralOrders() {
    System.clearProperty(ORDERS);
  }

  /** Every device, with the kernels that suit it and with the others. */
  static Stream<TornadoDevices.Device> devices() {
    return TornadoDevices.find().all().stream()
        .flatMap(d -> Stream.of(as(d, TornadoDevices.Type.CPU), as(d, TornadoDevices.Type.GPU)));
  }

  /** A device that says it is of another type: its kernels are chosen by that. */
  static TornadoDevices.Device as(TornadoDevices.Device d, TornadoDevices.Type type) {
    return new TornadoDevices.Device(
        d.backend(),
        d.backendIndex(),
        d.index(),
        d.name(),
        d.platform(),
        type,
        d.memory(),
        d.largestArray(),
        d.hasHalf(),
        d.handle());
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
        new TornadoEngine.Options(device, precision, samples, GREEDY, LOGPROBS, 0, profile),
        LoadProgress.NONE);
  }

  /** Log-probabilities that there is room for. */
  private static final int LOGPROBS = 5;

  /** Vocabulary of the models. */
  private static final int V = 31;

  /** As small as it can be and still have heads and blocks: the emulator is slow. */
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

  /** Prompts of one token to a full context, of decode's kernels and of the prompt's own. */
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
  void aContextCanBeExtendedCutAndExtendedAgain(TornadoDevices.Device device) {
    GptConfig config = shape(64, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 1, 0.5f);
    try (TornadoEngine engine = open(config, weights, device, 2);
        ReferenceEngine reference = new ReferenceEngine(config, weights);
        Sequence a = engine.open();
        Sequence b = engine.open();
        Context plain = new Context(reference)) {
      int[] first = new Random(SEED).ints(35, 0, V).toArray();
      int[] second = new Random(SEED + 1).ints(20, 0, V).toArray();
      // Another context, whose keys and values must not be taken for this one's.
      engine.step(List.of(Work.append(b, second)));
      assertClose(plain.append(first), append(engine, a, first), LOGITS, "prompt");
      assertClose(plain.append(second), append(engine, a, second), LOGITS, "more");
      assertEquals(55, a.length());
      plain.truncate(10);
      a.truncate(10);
      assertClose(plain.append(5), append(engine, a, 5), LOGITS, "after a cut");
      assertClose(plain.append(6), append(engine, a, 6), LOGITS, "decode");
      assertEquals(12, a.length());
      assertEquals(20, b.length());
    }
  }

  /** One text, and several whose contexts differ after one of them was replaced. */
  @ParameterizedTest
  @MethodSource("devices")
  void eachTextHasItsOwnContinuation(TornadoDevices.Device device) {
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

  /** With a prompt that the context has no room for, and texts that slide. */
  @ParameterizedTest
  @MethodSource("devices")
  void drawsWhatTheHostDrawsFromTheSameModel(TornadoDevices.Device device) {
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

  /** The new ids of each text; sample 1 is the first, since it is another one's second. */
  private static List<List<Integer>> texts(
      Engine engine, int[] prompt, SamplingParameters sampling, int samples) {
    int[] half = Arrays.copyOf(prompt, 5);
    List<List<Integer>> texts = new ArrayList<>();
    for (int[] given : List.of(prompt, half)) {
      Request request =
          new Request(given, 10, OptionalInt.of(7), List.of(), OnFull.SLIDE, sampling, 1, samples);
      Listener listener = (sample, id, text) -> true;
      new Generator(engine, Optional.empty())
          .generate(request, listener)
          .forEach(text -> texts.add(Arrays.stream(text.ids()).boxed().toList()));
    }
    return texts;
  }

  /** The device's are rounded to 2⁻²⁴ bits, and its logits to float. */
  @ParameterizedTest
  @MethodSource("devices")
  void logProbabilitiesAreThoseOfTheModel(TornadoDevices.Device device) {
    GptConfig config = shape(12, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 6, 0.5f);
    int[] prompt = new Random(SEED).ints(5, 0, V).toArray();
    SamplingParameters penalised =
        SamplingParameters.builder().temperature(1.3).topK(3).repetitionPenalty(2).build();
    Profile profile = new Profile();
    try (TornadoEngine engine = open(config, weights, device, 2, Precision.F32, profile);
        ReferenceEngine reference = new ReferenceEngine(config, weights)) {
      for (SamplingParameters sampling : List.of(GREEDY, penalised)) {
        // The prompt's own, decode's, and those of sliding contexts.
        Request request =
            new Request(
                prompt, 10, OptionalInt.empty(), List.of(), OnFull.SLIDE, sampling, 0, 2, LOGPROBS);
        List<Generation> expected = generate(reference, request);
        List<Generation> found = generate(engine, request);
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
      // What comes back for them is as much as it must be.
      Drawing drawing = new Drawing(GREEDY, 0, prompt, new int[0], LOGPROBS);
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
  void nothingIsComputedAfterClose(TornadoDevices.Device device) {
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

  private static List<Generation> generate(Engine engine, Request request) {
    return new Generator(engine, Optional.empty()).generate(request, (sample, id, text) -> true);
  }

  /** Texts from the first on, without a prompt that penalties would count. */
  static Drawing drawing(SamplingParameters sampling) {
    return new Drawing(sampling, 0, new int[0]);
  }

  static List<Integer> greedy(GptConfig config, Weights weights, int[] prompt, int n) {
    List<Integer> ids = new ArrayList<>();
    try (ReferenceEngine reference = new ReferenceEngine(config, weights);
        Context session = new Context(reference)) {
      float[] logits = session.append(prompt);
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
        logits = session.append(best);
      }
    }
  }

  static Stream<Arguments> precisions() {
    return devices()
        .flatMap(
            d ->
                Stream.of(Precision.values())
                    .filter(p -> p != Precision.BF16) // the cpu's
                    .filter(p -> p != Precision.F16 || d.hasHalf())
                    .map(p -> Arguments.of(d, p)));
  }

  /** Against the reference on the same rounded weights: what is left is the kernels' own error. */
  @ParameterizedTest
  @MethodSource("precisions")
  void reducedPrecisionIsThatOfTheWeightsOnly(TornadoDevices.Device device, Precision precision) {
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

  @Test
  void aModelThatDoesNotFitIsRefusedWithWhatToTry() {
    TornadoDevices.Device device = TornadoDevices.find().first();
    GptConfig xl = RandomWeights.shape(48, 25, 1600, 1024, 50257, true, Gelu.TANH);
    TornadoDevices.Device small = sized(device, 8_000_000_000L, 4_000_000_000L);
    assertEquals(Optional.empty(), DeviceMemory.shortage(xl, true, small, Precision.F32, 1));
    String tooMany = DeviceMemory.shortage(xl, true, small, Precision.F32, 8).orElseThrow();
    assertTrue(tooMany.contains("--num-samples"), tooMany);
    assertEquals(2, DeviceMemory.fitting(xl, true, small, Precision.F32, 5));
    TornadoDevices.Device tiny = sized(device, 4_000_000_000L, 4_000_000_000L);
    String tooLarge = DeviceMemory.shortage(xl, true, tiny, Precision.F32, 1).orElseThrow();
    assertTrue(tooLarge.contains("needs 6.9") && tooLarge.contains("has 4.00 GB"), tooLarge);
    assertTrue(tooLarge.contains("--dtype i8"), tooLarge);
    assertEquals(Optional.empty(), DeviceMemory.shortage(xl, true, tiny, Precision.I8, 1));
    TornadoDevices.Device narrow = sized(device, 80_000_000_000L, 1_000_000_000L);
    String oneArray = DeviceMemory.shortage(xl, true, narrow, Precision.F32, 1).orElseThrow();
    assertTrue(oneArray.contains("1.97 GB") && oneArray.contains("1.00 GB"), oneArray);
    GptException refused =
        assertThrows(
            GptException.class,
            () ->
                DeviceMemory.check(
                    xl,
                    true,
                    new TornadoEngine.Options(tiny, Precision.F32, 1, GREEDY, 0, 0, null)));
    assertEquals(tooLarge, refused.getMessage());
    GptConfig wide = RandomWeights.shape(1, 1, 257, 8, 10, true, Gelu.TANH);
    assertThrows(
        GptException.class,
        () ->
            DeviceMemory.check(
                wide,
                true,
                new TornadoEngine.Options(device, Precision.F32, 1, GREEDY, 0, 0, null)));
  }

  private static TornadoDevices.Device sized(
      TornadoDevices.Device d, long memory, long largestArray) {
    return new TornadoDevices.Device(
        d.backend(),
        d.backendIndex(),
        d.index(),
        d.name(),
        d.platform(),
        d.type(),
        memory,
        largestArray,
        d.hasHalf(),
        d.handle());
  }

  /** What is said to be needed is what the arrays take. */
  @ParameterizedTest
  @MethodSource("precisions")
  void theMemoryNeededIsTheArraysOwn(TornadoDevices.Device device, Precision precision) {
    GptConfig config = RandomWeights.shape(3, 3, 33, 300, 71, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED, 0.5f);
    KernelSet kernels = KernelSet.of(device.target());
    DeviceWeights w = new DeviceWeights(config, weights, precision, f -> {});
    DeviceBuffers b =
        new DeviceBuffers(config, kernels, 4, DeviceMemory.splitRows(config, kernels, 4), 0);
    long bytes =
        Stream.of(w.arrays(), b.floats(), b.ints())
            .flatMap(List::stream)
            .mapToLong(array -> (long) array.getSize() * array.getElementSize())
            .sum();
    long needed = DeviceMemory.needed(config, true, device, precision, 4);
    assertEquals(bytes, needed, 2000 + 0.01 * bytes);
  }

  @Test
  void devicesAreFoundByName() {
    TornadoDevices devices = TornadoDevices.find();
    TornadoDevices.Device first = devices.first();
    assertEquals(first.id(), devices.named(first.backend(), first.index()).id());
    assertEquals(first.id(), devices.named("0", 0).id());
    String message =
        assertThrows(GptException.class, () -> devices.named("opencl", 99)).getMessage();
    assertTrue(message.contains("opencl:99") && message.contains(first.id()), message);
    assertArrayEquals(
        devices.all().stream().map(TornadoDevices.Device::id).distinct().toArray(),
        devices.all().stream().map(TornadoDevices.Device::id).toArray());
  }

  @Test
  void everyDevicePassesItsTest() {
    for (TornadoDevices.Device device : TornadoDevices.find().all()) {
      assertEquals(5, DeviceTest.run(device), device.id());
    }
  }
}
