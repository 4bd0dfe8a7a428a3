package gpt.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.backend.reference.ReferenceEngine;
import gpt.backend.tornado.Profile;
import gpt.backend.tornado.TornadoVm;
import gpt.emulator.OneOrder;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.Drawing;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A device runs the versions of the kernels that are asked for, from prompt to drawn tokens. */
@Tag("kernels")
class KernelVersionsTest implements OneOrder {
  private static final long SEED = 77;
  private static final int TOKENS = 6;

  /** The prompt ends a chunk of the GPU's split attention, the drawn tokens begin the next. */
  private static final int PROMPT = 62;

  private static final GptConfig CONFIG = RandomWeights.shape(2, 2, 16, 80, 31, true, Gelu.EXACT);

  @ParameterizedTest
  @EnumSource(names = {"GPU", "CPU"})
  void bothDrawTheIdsOfTheReference(Kernels kernels) {
    Weights weights = RandomWeights.of(CONFIG, SEED, 0.5f);
    Device device =
        Device.of(
            TornadoVm.presence() == TornadoVm.Presence.EMULATOR
                ? Device.Kind.EMULATOR
                : Device.Kind.TORNADO);
    DeviceChoice choice = new DeviceChoice(device, Precision.F32, 1, kernels, true);
    OpenedDevice opened =
        choice.open(CONFIG, weights, DeviceChoice.Use.LOGITS.ofPrompt(PROMPT), LoadProgress.NONE);
    try (Engine engine = opened.engine();
        Engine reference = new ReferenceEngine(CONFIG, weights)) {
      assertEquals(ids(reference), ids(engine));
      // Fewer launches with the GPU's versions show that they are the ones that run.
      try (Sequence other = engine.open()) {
        engine.step(List.of(Work.append(other, 1, 2)));
        opened.profile();
        draw(engine, other, 3);
        int launches = opened.profile().map(Profile.Totals::launches).orElseThrow();
        // Sampling parameters, rows and embedding; blocks; the final norm, the head and the
        // sampling chain. A GPU's projections compute the norms.
        int block = kernels == Kernels.GPU ? 5 : 7;
        int norm = kernels == Kernels.GPU ? 0 : 1;
        assertEquals(3 + block * CONFIG.nLayer() + norm + 2, launches);
      }
    }
  }

  private static List<Integer> ids(Engine engine) {
    List<Integer> ids = new ArrayList<>();
    try (Sequence sequence = engine.open()) {
      int[] prompt = IntStream.range(0, PROMPT).map(i -> i * 7 % CONFIG.vocabSize()).toArray();
      ids.add(draw(engine, sequence, prompt));
      while (ids.size() < TOKENS) {
        ids.add(draw(engine, sequence, ids.getLast()));
      }
    }
    return ids;
  }

  private static int draw(Engine engine, Sequence sequence, int... append) {
    sequence.drawing(new Drawing(SamplingParameters.greedy(), new int[0]), 0);
    Want.Token token = new Want.Token(false);
    engine.step(List.of(new Work(sequence, append, token.at(0))));
    return token.id();
  }
}
