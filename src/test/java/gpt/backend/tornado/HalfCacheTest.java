package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.reference.ReferenceEngine;
import gpt.emulator.OneOrder;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.model.Approximations;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.KvPrecision;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Engines whose keys and values are in half precision. */
@Tag("kernels")
class HalfCacheTest implements OneOrder {
  private static final long SEED = 311;
  private static final Approximations HALF = new Approximations(KvPrecision.F16, false);

  /** More positions than a chunk of split attention has. */
  private static final int POSITIONS = 75;

  private static final GptConfig CONFIG = RandomWeights.shape(2, 2, 12, 80, 31, true, Gelu.EXACT);

  private final Weights weights = RandomWeights.of(CONFIG, SEED, 0.5f);

  /** The devices that have halves, with both sets of kernels. */
  static Stream<TornadoDevices.Device> devices() {
    return TornadoModelTest.devices().filter(TornadoDevices.Device::hasHalf);
  }

  private TornadoEngine open(TornadoDevices.Device device, Approximations approximations) {
    TornadoEngine.Options options =
        new TornadoEngine.Options(device, Precision.F32, approximations, 2, 0, 0, null, false);
    return TornadoEngine.open(CONFIG, weights, options, LoadProgress.NONE);
  }

  /** Logits after a prompt, and after one more token of a fork of the sequence. */
  private static float[][] logits(Engine engine) {
    int[] prompt = IntStream.range(0, POSITIONS).map(i -> i * 7 % CONFIG.vocabSize()).toArray();
    float[][] found = new float[2][];
    try (Sequence sequence = engine.open()) {
      Want last = new Want.Logits(1, (row, logits) -> found[0] = logits.clone());
      engine.step(List.of(new Work(sequence, prompt, last)));
      try (Sequence fork = sequence.fork()) {
        Want next = new Want.Logits(1, (row, logits) -> found[1] = logits.clone());
        engine.step(List.of(new Work(fork, new int[] {5}, next)));
      }
    }
    return found;
  }

  /** No device but the emulator's may have halves. */
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("devices")
  void logitsDifferByTheRoundingOfKeysAndValues(TornadoDevices.Device device) {
    try (ReferenceEngine reference = new ReferenceEngine(CONFIG, weights);
        TornadoEngine engine = open(device, HALF)) {
      float[][] expected = logits(reference);
      float[][] found = logits(engine);
      for (int i = 0; i < 2; i++) {
        double nmse = nmse(expected[i], found[i]);
        // Sums in single precision give 1e-13; halves have 11 bits.
        assertTrue(nmse > 1e-10 && nmse < 1e-6, "step " + i + ": " + nmse);
      }
      assertArrayEquals(found, logits(engine));
    }
  }

  static double nmse(float[] expected, float[] found) {
    double errors = 0;
    double squares = 0;
    for (int i = 0; i < expected.length; i++) {
      errors += Math.pow(found[i] - expected[i], 2);
      squares += Math.pow(expected[i], 2);
    }
    return errors / squares;
  }

  @Test
  void theCacheTakesHalfTheMemory() {
    TornadoDevices.Device device = TornadoDevices.find().first().with(Kernels.GPU);
    long full =
        new DeviceMemory(CONFIG, true, device, Precision.F32, Approximations.NONE).needed(2);
    long half = new DeviceMemory(CONFIG, true, device, Precision.F32, HALF).needed(2);
    long elements = 2 * DeviceBuffers.cacheElements(CONFIG, 2);
    assertEquals(elements * (Float.BYTES - Short.BYTES), full - half);
  }

  @Test
  void headsOfAnOddSizeAreRefused() {
    GptConfig odd = RandomWeights.shape(1, 3, 15, 16, 31, true, Gelu.EXACT);
    TornadoDevices.Device device = TornadoDevices.find().first();
    DeviceMemory memory = new DeviceMemory(odd, true, device, Precision.F32, HALF);
    GptException refused = assertThrows(GptException.class, () -> memory.check(1));
    assertEquals(
        "kv-dtype f16: the model's attention heads have 5 channels, an odd number; use f32",
        refused.getMessage());
  }

  @Test
  void theHostRefusesIt() {
    for (Device.Kind kind : List.of(Device.Kind.CPU, Device.Kind.REFERENCE)) {
      DeviceChoice choice =
          new DeviceChoice(Device.of(kind), Precision.F32, 1, Kernels.AUTO, HALF, false);
      GptException refused =
          assertThrows(
              GptException.class,
              () -> choice.open(CONFIG, weights, DeviceChoice.Use.LOGITS, LoadProgress.NONE));
      assertEquals(
          "--kv-dtype f16 needs a TornadoVM device: device " + kind.word() + " is not one",
          refused.getMessage());
    }
  }
}
