package gpt.backend.tornado;

import static gpt.backend.tornado.TornadoModelTest.drawing;
import static gpt.backend.tornado.TornadoModelTest.greedy;
import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.emulator.Submissions;

/**
 * Launches, copies and graph launches of each token on a device with CUDA graphs, counted by the
 * emulator. TornadoVM silently ignores {@code withCUDAGraph()} after a graph is compiled.
 */
class CudaGraphsTest {
  private static final long SEED = 4712;
  private static final int LAYERS = 2;

  /** A context window of several chunks of split attention, as GPT-2's. */
  private static final GptConfig CONFIG =
      RandomWeights.shape(LAYERS, 1, 4, 300, 31, true, Gelu.EXACT);

  private static final SamplingParameters SAMPLED = new SamplingParameters(0.8, 5, SEED);
  private static final String ORDERS = "gpt.emulator.orders";
  private static final String CUDA_GRAPHS = "gpt.cudaGraphs";

  private final Weights weights = RandomWeights.of(CONFIG, SEED, 0.5f);

  @BeforeEach
  void runKernelsOnce() {
    System.setProperty(ORDERS, "1");
  }

  @AfterEach
  void clearSettings() {
    System.clearProperty(ORDERS);
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
        d.handle());
  }

  private TornadoEngine open(int promptLength, Profile profile) {
    TornadoEngine.Options options =
        new TornadoEngine.Options(cuda(), Precision.F32, 1, 0, promptLength, profile, false);
    return TornadoEngine.open(CONFIG, weights, options, LoadProgress.NONE);
  }

  /** Checks what each token submits, after the tokens that record. */
  private static void assertEachSubmits(
      Submissions expected, TornadoEngine engine, SamplingParameters sampling) {
    try (Sequence sequence = engine.open()) {
      sequence.drawing(drawing(sampling), 0);
      Want.Token token = new Want.Token(false);
      engine.step(List.of(new Work(sequence, new int[] {1, 2, 3}, token.at(0))));
      List<Work> next = List.of(Work.appendDrawn(sequence, token));
      token.at(1);
      engine.step(next);
      for (int step = 2; step < 5; step++) {
        token.at(step);
        Submissions before = Submissions.total();
        engine.step(next);
        assertEquals(expected, Submissions.total().since(before), "step " + step);
      }
    }
  }

  /** With kernels compiled when the model is opened, and when a graph first runs. */
  @ParameterizedTest
  @ValueSource(ints = {3, 0})
  void aTokenIsOnlyGraphLaunches(int promptLength) {
    try (TornadoEngine engine = open(promptLength, null)) {
      // The embedding, the blocks, and the head with the sampling chain.
      assertEachSubmits(new Submissions(0, 0, LAYERS + 2), engine, SAMPLED);
      assertEachSubmits(new Submissions(0, 0, LAYERS + 2), engine, TornadoModelTest.GREEDY);
    }
  }

  @Test
  void withoutRecordingEachKernelIsALaunchAndACopy() {
    System.setProperty(CUDA_GRAPHS, "false");
    try (TornadoEngine engine = open(3, null)) {
      int launches = 8 * LAYERS + 4;
      assertEachSubmits(new Submissions(launches, launches, 0), engine, SAMPLED);
      assertEachSubmits(new Submissions(launches, launches, 0), engine, TornadoModelTest.GREEDY);
    }
  }

  /** The profiler does not see recorded graphs. */
  @Test
  void theProfilerTurnsRecordingOff() {
    try (TornadoEngine engine = open(3, new Profile())) {
      int launches = 8 * LAYERS + 4;
      assertEachSubmits(new Submissions(launches, launches, 0), engine, TornadoModelTest.GREEDY);
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
