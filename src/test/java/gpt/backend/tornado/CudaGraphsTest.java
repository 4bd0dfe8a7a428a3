package gpt.backend.tornado;

import static gpt.backend.tornado.TornadoModelTest.drawing;
import static gpt.backend.tornado.TornadoModelTest.greedy;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.emulator.OneOrder;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Approximations;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.emulator.Submissions;

/**
 * What the host submits for each token on a device with CUDA graphs, counted by the emulator.
 * TornadoVM silently ignores {@code withCUDAGraph()} after a graph is compiled.
 */
class CudaGraphsTest implements OneOrder {
  private static final long SEED = 4712;
  private static final int LAYERS = 12;

  // A token: BLOCK · L + OTHERS kernels; ⌈L / 6⌉ + 1 executes of recorded graphs, and no copy to
  // the device.

  /** Norm with q, keys and values; attention; projection; norm with projection; projection. */
  private static final int BLOCK = 5;

  /** One more with more than 256 keys. */
  private static final int MERGE = 1;

  /** Embedding, final norm with head, and the sampling chain. */
  private static final int OTHERS = 3;

  private static final int EXECUTES = 3;

  /** Fewer layers in as many graphs: a long prompt takes its time on the emulator. */
  private static final int FEW_LAYERS = DecodeGraphs.BLOCKS + 1;

  private static final GptConfig CONFIG = shape(LAYERS);

  private static final SamplingParameters SAMPLED = new SamplingParameters(0.8, 5, SEED);
  private static final String CUDA_GRAPHS = "gpt.cudaGraphs";

  private final Weights weights = RandomWeights.of(CONFIG, SEED, 0.5f);

  /** A context window of several chunks of split attention, as GPT-2's. */
  private static GptConfig shape(int layers) {
    return RandomWeights.shape(layers, 1, 2, 300, 31, true, Gelu.EXACT);
  }

  @AfterEach
  void clearSettings() {
    System.clearProperty(CUDA_GRAPHS);
  }

  /** The emulator's device as a GPU of the cuda backend. */
  private static TornadoDevices.Device cuda() {
    TornadoDevices.Device d = TornadoDevices.find().first();
    return new TornadoDevices.Device(
        "cuda",
        0,
        0,
        d.name(),
        d.platform(),
        TornadoDevices.Type.GPU,
        d.memory(),
        d.largestArray(),
        true,
        d.handle(),
        Kernels.AUTO);
  }

  private TornadoEngine open(int promptLength, Profile profile) {
    return open(CONFIG, weights, promptLength, profile);
  }

  private static TornadoEngine open(
      GptConfig config, Weights weights, int promptLength, Profile profile) {
    TornadoEngine.Options options =
        new TornadoEngine.Options(
            cuda(), Precision.F32, Approximations.NONE, 1, 0, promptLength, profile, false);
    return TornadoEngine.open(config, weights, options, LoadProgress.NONE);
  }

  /** Checks what each token submits, after the tokens that record. */
  private static void assertEachSubmits(
      Submissions expected, TornadoEngine engine, SamplingParameters sampling, int promptLength) {
    try (Sequence sequence = engine.open()) {
      sequence.drawing(drawing(sampling), 0);
      Want.Token token = new Want.Token(false);
      int[] prompt = IntStream.range(0, promptLength).map(i -> i % CONFIG.vocabSize()).toArray();
      engine.step(List.of(new Work(sequence, prompt, token.at(0))));
      List<Work> next = List.of(Work.appendDrawn(sequence, token));
      token.at(1);
      engine.step(next);
      for (int step = 2; step < 4; step++) {
        token.at(step);
        Submissions before = Submissions.total();
        engine.step(next);
        assertEquals(expected, Submissions.total().since(before), "step " + step);
      }
    }
  }

  private static Submissions recorded(int kernels) {
    return new Submissions(EXECUTES, kernels, 0, 0, EXECUTES);
  }

  private static Submissions launched(int executes, int kernels) {
    return new Submissions(executes, kernels, kernels, kernels, 0);
  }

  /** With kernels compiled when the model is opened, and when a graph first runs. */
  @ParameterizedTest
  @ValueSource(ints = {3, 0})
  void aTokenIsThreeGraphLaunchesAndNoCopy(int promptLength) {
    try (TornadoEngine engine = open(promptLength, null)) {
      int kernels = BLOCK * LAYERS + OTHERS;
      assertEachSubmits(recorded(kernels), engine, SAMPLED, 3);
      assertEachSubmits(recorded(kernels), engine, TornadoModelTest.GREEDY, 3);
    }
  }

  @Test
  void soItIsBeyondAShortContext() {
    GptConfig shape = shape(FEW_LAYERS);
    try (TornadoEngine engine = open(shape, RandomWeights.of(shape, SEED, 0.5f), 3, null)) {
      int kernels = (BLOCK + MERGE) * FEW_LAYERS + OTHERS;
      assertEachSubmits(recorded(kernels), engine, SAMPLED, DecodeGraphs.SHORT_KEYS);
    }
  }

  @Test
  void withoutRecordingEachKernelIsALaunchAndACopy() {
    System.setProperty(CUDA_GRAPHS, "false");
    try (TornadoEngine engine = open(3, null)) {
      int kernels = (BLOCK + MERGE) * LAYERS + OTHERS;
      assertEachSubmits(launched(LAYERS + 2, kernels), engine, SAMPLED, 3);
      assertEachSubmits(launched(LAYERS + 2, kernels), engine, TornadoModelTest.GREEDY, 3);
    }
  }

  /** The profiler does not see recorded graphs. */
  @Test
  void theProfilerTurnsRecordingOff() {
    try (TornadoEngine engine = open(3, new Profile())) {
      int kernels = (BLOCK + MERGE) * LAYERS + OTHERS;
      assertEachSubmits(launched(LAYERS + 2, kernels), engine, TornadoModelTest.GREEDY, 3);
    }
  }

  /** A prompt of one token runs the recorded blocks, a longer one the prompt's kernels. */
  @Test
  void replaysGiveTheIdsOfTheReference() {
    int[] prompt = {7, 1, 30, 2};
    List<Integer> expected = greedy(CONFIG, weights, prompt, 6);
    List<Integer> afterOne = greedy(CONFIG, weights, new int[] {9}, 6);
    try (TornadoEngine engine = open(prompt.length, null)) {
      assertEquals(expected, ids(engine, prompt));
      assertEquals(afterOne, ids(engine, new int[] {9}));
      assertEquals(expected, ids(engine, prompt));
    }
  }

  private static List<Integer> ids(TornadoEngine engine, int[] prompt) {
    List<Integer> ids = new ArrayList<>();
    try (Sequence sequence = engine.open()) {
      sequence.drawing(drawing(TornadoModelTest.GREEDY), 0);
      Want.Token token = new Want.Token(false);
      engine.step(List.of(new Work(sequence, prompt, token.at(0))));
      ids.add(token.id());
      while (ids.size() < 6) {
        engine.step(List.of(Work.appendDrawn(sequence, token.at(ids.size()))));
        ids.add(token.id());
      }
    }
    return ids;
  }
}
