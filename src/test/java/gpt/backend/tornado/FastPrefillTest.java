package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import gpt.GptException;
import gpt.backend.reference.ReferenceEngine;
import gpt.emulator.OneOrder;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An engine whose prompts are computed on tensor cores. */
@Tag("kernels")
class FastPrefillTest implements OneOrder {
  private static final long SEED = 312;
  private static final Approximations FAST = new Approximations(KvPrecision.F32, true);
  private static final GptConfig CONFIG = RandomWeights.shape(2, 2, 12, 80, 31, true, Gelu.EXACT);

  private final Weights weights = RandomWeights.of(CONFIG, SEED, 0.5f);
  private final TornadoDevices.Device device = TornadoDevices.find().first().with(Kernels.GPU);

  private TornadoEngine open(TornadoDevices.Device on, Approximations approximations) {
    TornadoEngine.Options options =
        new TornadoEngine.Options(on, Precision.F32, approximations, 1, 0, 0, null, false);
    return TornadoEngine.open(CONFIG, weights, options, LoadProgress.NONE);
  }

  /** Logits after a prompt of several tiles of rows. */
  private static float[] logits(Engine engine) {
    int[] prompt = IntStream.range(0, 70).map(i -> i * 7 % CONFIG.vocabSize()).toArray();
    float[][] found = new float[1][];
    try (Sequence sequence = engine.open()) {
      Want last = new Want.Logits(1, (row, logits) -> found[0] = logits.clone());
      engine.step(List.of(new Work(sequence, prompt, last)));
    }
    return found[0];
  }

  @Test
  void logitsDifferByTheRoundingOfOperands() {
    assumeTrue(device.hasTensorCores(), "no tensor cores");
    try (ReferenceEngine reference = new ReferenceEngine(CONFIG, weights);
        TornadoEngine engine = open(device, FAST)) {
      double nmse = HalfCacheTest.nmse(logits(reference), logits(engine));
      assertTrue(nmse > 1e-10 && nmse < 1e-5, "" + nmse);
    }
  }

  @Test
  void theMemoryIsCounted() {
    long exact =
        new DeviceMemory(CONFIG, true, device, Precision.F32, Approximations.NONE).needed(1);
    long fast = new DeviceMemory(CONFIG, true, device, Precision.F32, FAST).needed(1);
    // 48 outputs and 80 rows, each rounded up to 64.
    assertEquals(Float.BYTES * 64 * 128, fast - exact);
  }

  /** On the emulator all devices have them. */
  @Test
  void devicesWithoutTensorCoresRefuseIt() {
    for (TornadoDevices.Device each : TornadoDevices.find().all()) {
      if (!each.hasTensorCores()) {
        GptException refused = assertThrows(GptException.class, () -> open(each, FAST));
        assertEquals(
            "fast-prefill: needs tensor cores, through TornadoVM's cuda backend; %s (%s) has none"
                .formatted(each.id(), each.name()),
            refused.getMessage());
      }
    }
  }
}
