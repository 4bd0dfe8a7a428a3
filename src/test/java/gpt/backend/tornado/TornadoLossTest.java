package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.reference.ReferenceEngine;
import gpt.checkpoint.Checkpoint;
import gpt.emulator.OneOrder;
import gpt.engine.Context;
import gpt.explore.GoldenLossTest;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.InvalidLogitsException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses computed on a device, against nanoGPT's and the reference engine's. */
class TornadoLossTest implements OneOrder {
  private static final long SEED = 2718;

  /** Largest error of a token's loss, in nats. */
  private static final double LOSS = 5e-4;

  static Stream<TornadoDevices.Device> devices() {
    return TornadoModelTest.devices();
  }

  /** Logits in {@code hidden}, for all rows at once or in parts, and in {@code logits}. */
  static Stream<Arguments> shapes() {
    return devices()
        .flatMap(
            d ->
                Stream.of(
                    Arguments.of(d, shape(40, 31), true, 40),
                    Arguments.of(d, shape(40, 211), true, 11),
                    Arguments.of(d, shape(20, 211), false, 8),
                    Arguments.of(d, shape(1, 31), true, 1)));
  }

  private static GptConfig shape(int blockSize, int vocabSize) {
    return RandomWeights.shape(2, 3, 15, blockSize, vocabSize, true, Gelu.EXACT);
  }

  @Tag("kernels")
  @ParameterizedTest
  @MethodSource("shapes")
  void lossesEqualTheReferences(
      TornadoDevices.Device device, GptConfig config, boolean inHidden, int rows) {
    LossGraph.Buffers buffers = new LossGraph.Buffers(config, Math.min(8, config.blockSize()));
    assertEquals(inHidden, buffers.inHidden);
    assertEquals(rows, buffers.rows);
    Weights weights = RandomWeights.of(config, SEED, 0.5f);
    Random random = new Random(SEED);
    int length = config.blockSize();
    int[] ids = random.ints(length, 0, config.vocabSize()).toArray();
    int[] targets = random.ints(length, 0, config.vocabSize()).toArray();
    Profile profile = new Profile();
    try (TornadoEngine engine =
            TornadoModelTest.open(config, weights, device, 1, Precision.F32, profile);
        ReferenceEngine reference = new ReferenceEngine(config, weights);
        Context onDevice = new Context(engine);
        Context plain = new Context(reference)) {
      for (int scored : new int[] {length, Math.max(1, length - 7), 1}) {
        for (int before : new int[] {0, length / 3}) { // tokens that the context holds already
          int[] some = Arrays.copyOfRange(ids, before, length);
          int[] last = Arrays.copyOf(targets, Math.min(scored, some.length));
          double[][] found = new double[2][];
          for (Context each : List.of(plain, onDevice)) {
            each.truncate(0);
            if (before > 0) {
              each.append(Arrays.copyOf(ids, before));
            }
            profile.reset();
            found[each == plain ? 0 : 1] = each.losses(some, last);
            assertEquals(length, each.length());
          }
          assertArrayEquals(found[0], found[1], LOSS, scored + " scored, " + before + " before");
          // One float for each row that the buffer has room for is copied back.
          int times = Math.ceilDiv(last.length, rows);
          assertEquals(times * (4 * rows + 16), profile.reset().bytesOut());
        }
      }
      // The next pass works as after any other.
      onDevice.truncate(0);
      plain.truncate(0);
      float[] expected = plain.append(ids);
      float[] logits = onDevice.append(ids);
      for (int id = 0; id < config.vocabSize(); id++) {
        assertEquals(expected[id], logits[id], LOSS);
      }
      assertThrows(GptException.class, () -> onDevice.losses(new int[] {1}, new int[] {1}));
      onDevice.truncate(0);
      assertThrows(GptException.class, () -> onDevice.losses(new int[] {1}, new int[] {-1}));
      assertThrows(
          IllegalArgumentException.class, () -> onDevice.losses(new int[] {1}, new int[] {1, 2}));
    }
  }

  @Tag("kernels")
  @ParameterizedTest
  @MethodSource("devices")
  void lossesOfADamagedModelAreAnError(TornadoDevices.Device device) {
    GptConfig config = shape(20, 31);
    Weights weights = RandomWeights.of(config, SEED, Float.NaN);
    try (TornadoEngine engine = TornadoModelTest.open(config, weights, device, 1);
        Context onDevice = new Context(engine)) {
      InvalidLogitsException e =
          assertThrows(InvalidLogitsException.class, () -> onDevice.losses(new int[9], new int[5]));
      assertTrue(e.getMessage().startsWith("the model produced NaN logits; "), e::toString);
    }
  }

  static Stream<Arguments> models() throws Exception {
    return GoldenLossTest.models().stream().flatMap(f -> devices().map(d -> Arguments.of(f, d)));
  }

  @Tag("kernels")
  @ParameterizedTest
  @MethodSource("models")
  void smallModels(Path folder, TornadoDevices.Device device) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        TornadoEngine engine =
            TornadoModelTest.open(checkpoint.config(), checkpoint.weights(), device, 1)) {
      GoldenLossTest.check(folder, engine);
    }
  }

  static Stream<TornadoDevices.Device> suited() {
    return TornadoDevices.find().all().stream();
  }

  /** Not on the emulator, where it takes minutes. */
  @Tag("tornado")
  @ParameterizedTest
  @MethodSource("suited")
  void demo(TornadoDevices.Device device) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(Path.of("weights/shakespeare-char"));
        TornadoEngine engine =
            TornadoModelTest.open(checkpoint.config(), checkpoint.weights(), device, 1)) {
      GoldenLossTest.checkDemo(checkpoint, engine);
    }
  }
}
