package gpt.backend.tornado;

import static gpt.backend.tornado.TornadoModelTest.GREEDY;
import static gpt.backend.tornado.TornadoModelTest.drawing;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import uk.ac.manchester.tornado.api.emulator.Submissions;

/** A decode step's grids cover the rows of its sequences, not all slots: the emulator counts. */
class RowBucketsTest implements OneOrder {
  private static final long SEED = 4713;
  private static final int LAYERS = 2;

  /** A context window of several chunks of split attention, as GPT-2's. */
  private static final GptConfig CONFIG =
      RandomWeights.shape(LAYERS, 1, 4, 300, 31, true, Gelu.EXACT);

  private static final SamplingParameters DRAWN = new SamplingParameters(0.8, 0, SEED);

  private static final SamplingParameters EVERY_STEP =
      SamplingParameters.builder()
          .temperature(0.8)
          .topK(9)
          .topP(0.9)
          .typicalP(0.9)
          .repetitionPenalty(1.2)
          .seed(SEED)
          .build();

  /** How the emulator's device presents itself. */
  private enum Kind {
    CPU("opencl", TornadoDevices.Type.CPU),
    GPU("opencl", TornadoDevices.Type.GPU),
    RECORDING_GPU("cuda", TornadoDevices.Type.GPU);

    private final String backend;
    private final TornadoDevices.Type type;

    Kind(String backend, TornadoDevices.Type type) {
      this.backend = backend;
      this.type = type;
    }

    TornadoDevices.Device device() {
      TornadoDevices.Device d = TornadoDevices.find().first();
      return new TornadoDevices.Device(
          backend,
          0,
          0,
          d.name(),
          d.platform(),
          type,
          d.memory(),
          d.largestArray(),
          true,
          d.handle(),
          Kernels.AUTO);
    }

    TornadoEngine open(int capacity) {
      TornadoEngine.Options options =
          new TornadoEngine.Options(
              device(), Precision.F32, Approximations.NONE, capacity, 2, 0, null, false);
      return TornadoEngine.open(
          CONFIG, RandomWeights.of(CONFIG, SEED, 0.5f), options, LoadProgress.NONE);
    }
  }

  /** Sequences that draw a token in each step. */
  private static final class Running {
    private final TornadoEngine engine;
    private final List<Sequence> sequences = new ArrayList<>();
    private final List<Want.Token> tokens = new ArrayList<>();
    private int steps;

    Running(TornadoEngine engine) {
      this.engine = engine;
    }

    void start(Sequence sequence, SamplingParameters sampling) {
      sequence.drawing(drawing(sampling), 0);
      Want.Token token = new Want.Token(false);
      engine.step(List.of(new Work(sequence, new int[] {1, 2}, token.at(steps))));
      sequences.add(sequence);
      tokens.add(token);
    }

    /** One token of each of the first sequences. */
    Submissions step(int first) {
      steps++;
      List<Work> work = new ArrayList<>();
      for (int i = 0; i < first; i++) {
        work.add(Work.appendDrawn(sequences.get(i), tokens.get(i).at(steps)));
      }
      Submissions before = Submissions.total();
      engine.step(work);
      return Submissions.total().since(before);
    }
  }

  /** Work items of a steady step with sequences in the last slots of an engine. */
  private static long items(Kind kind, int capacity, int sequences, SamplingParameters sampling) {
    try (TornadoEngine engine = kind.open(capacity)) {
      for (int slot = 0; slot < capacity - sequences; slot++) {
        engine.open();
      }
      Running running = new Running(engine);
      for (int i = 0; i < sequences; i++) {
        running.start(engine.open(), sampling);
      }
      running.step(sequences);
      running.step(sequences);
      long before = Submissions.workItems();
      running.step(sequences);
      return Submissions.workItems() - before;
    }
  }

  @ParameterizedTest
  @EnumSource
  void oneSequenceInTheLastOfManySlotsCoversOneRow(Kind kind) {
    assertEquals(items(kind, 1, 1, GREEDY), items(kind, 16, 1, GREEDY));
    assertEquals(items(kind, 1, 1, EVERY_STEP), items(kind, 16, 1, EVERY_STEP));
  }

  /** Grids that can be resized cover the rows, recorded ones the next power of two. */
  @ParameterizedTest
  @EnumSource
  void threeSequencesCoverThreeRowsOrFourWhereGridsAreRecorded(Kind kind) {
    int bucket = kind == Kind.RECORDING_GPU ? 4 : 3;
    long expected = items(kind, bucket, bucket, DRAWN);
    assertTrue(expected > items(kind, 1, 1, DRAWN));
    assertEquals(expected, items(kind, 6, 3, DRAWN));
  }

  /** Beside a long context the graphs for all contexts run, alone those for short ones. */
  @Test
  void aLongContextBesideAShortOneChangesNoBit() {
    try (TornadoEngine engine = Kind.RECORDING_GPU.open(2);
        Sequence shortOne = engine.open();
        Sequence longOne = engine.open()) {
      int[] prompt = new int[DecodeGraphs.SHORT_KEYS];
      engine.step(List.of(Work.append(longOne, prompt), Work.append(shortOne, 3, 1, 4)));
      float[] alone = new float[CONFIG.vocabSize()];
      float[] beside = new float[CONFIG.vocabSize()];
      engine.step(List.of(logits(shortOne, alone)));
      shortOne.truncate(3);
      engine.step(
          List.of(logits(longOne, new float[CONFIG.vocabSize()]), logits(shortOne, beside)));
      assertArrayEquals(alone, beside);
    }
  }

  private static Work logits(Sequence sequence, float[] to) {
    Want want = new Want.Logits(1, (pos, row) -> System.arraycopy(row, 0, to, 0, to.length));
    return new Work(sequence, new int[] {5}, want);
  }

  /** A bucket is recorded when a step first needs it, and replayed when rows come back to it. */
  @Test
  void eachBucketIsRecordedOnce() {
    try (TornadoEngine engine = Kind.RECORDING_GPU.open(4)) {
      int kernels = 1 + 5 * LAYERS + 2; // embedding, blocks, head, sampling chain
      Submissions replayed = new Submissions(2, kernels, 0, 0, 2);
      // A changed set of rows is one array to the device, and a launch that unpacks it.
      Submissions fed = new Submissions(3, kernels + 1, 1, 2, 2);
      Running running = new Running(engine);
      running.start(engine.open(), GREEDY);
      assertEquals(replayed, running.step(1));
      running.start(engine.open(), GREEDY);
      Submissions records = running.step(2);
      assertTrue(records.launches() >= kernels, records::toString);
      assertEquals(2, records.graphLaunches());
      assertEquals(replayed, running.step(2));
      assertEquals(fed, running.step(1));
      assertEquals(replayed, running.step(1));
      assertEquals(fed, running.step(2));
      assertEquals(replayed, running.step(2));
    }
  }
}
