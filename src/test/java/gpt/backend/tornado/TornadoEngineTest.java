package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.emulator.OneOrder;
import gpt.engine.Context;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.kernels.runtime.Sampling;
import gpt.model.Approximations;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.sampling.Drawing;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.Logprobs;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps with any mixture of sequences: their results, and the bytes they copy. */
@Tag("kernels")
class TornadoEngineTest implements OneOrder {
  private static final long SEED = 1515;
  static final int V = 31;
  static final int BLOCK = 12;
  static final int TOPS = 6;

  /** Tiny, since the emulator is slow. */
  private static final GptConfig CONFIG = RandomWeights.shape(2, 1, 8, BLOCK, V, true, Gelu.EXACT);

  static Stream<TornadoDevices.Device> devices() {
    return TornadoModelTest.devices();
  }

  static TornadoEngine open(TornadoDevices.Device device, int samples, Profile profile) {
    return open(device, samples, profile, 0.5f);
  }

  private static TornadoEngine open(
      TornadoDevices.Device device, int samples, Profile profile, float scale) {
    return TornadoEngine.open(
        CONFIG,
        RandomWeights.of(CONFIG, SEED, scale),
        new TornadoEngine.Options(
            device, Precision.F32, Approximations.NONE, samples, TOPS, 0, profile, false),
        LoadProgress.NONE);
  }

  static int[] ids(long seed, int n) {
    return new Random(seed).ints(n, 0, V).toArray();
  }

  static Drawing drawing(SamplingParameters sampling, int logprobs, int... prompt) {
    return new Drawing(sampling, prompt, new int[] {7}, logprobs);
  }

  private static float[] logits(TornadoEngine engine, Sequence sequence, int... ids) {
    float[][] found = new float[1][];
    Want want = new Want.Logits(1, (pos, row) -> found[0] = Arrays.copyOf(row, V));
    engine.step(List.of(new Work(sequence, ids, want)));
    return found[0];
  }

  /** An id of 4 bytes for each sequence, and an array's header of 16 bytes. */
  @ParameterizedTest
  @MethodSource("devices")
  void aSteadyStepCopiesOnlyIdsToTheHost(TornadoDevices.Device device) {
    SamplingParameters chain =
        SamplingParameters.builder().repetitionPenalty(1.3).topK(20).topP(0.95).build();
    Profile profile = new Profile();
    try (TornadoEngine engine = open(device, 3, profile)) {
      List<Work> work = new ArrayList<>();
      List<Want.Token> tokens = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Sequence sequence = engine.open();
        sequence.drawing(drawing(i == 1 ? SamplingParameters.greedy() : chain, 0, 1, 2), i);
        Want.Token token = new Want.Token(false);
        tokens.add(token);
        work.add(Work.appendDrawn(sequence, token));
        engine.step(List.of(new Work(sequence, new int[] {1, 2}, token)));
      }
      for (int step = 1; step < 9; step++) {
        if (step == 5) {
          work.remove(0).sequence().close(); // one step uploads the changed rows
        }
        tokens.get(0).at(step);
        tokens.get(1).at(step);
        tokens.get(2).at(step);
        profile.reset();
        engine.step(work);
        Profile.Totals totals = profile.reset();
        assertEquals(3 * 4 + 16, totals.bytesOut(), "step " + step);
        // Not in steps that run a graph for the first time or upload changed rows.
        if (step != 1 && step != 2 && step != 5 && step != 6) {
          // TornadoVM uploads each launch's grid, three longs, and nothing else.
          assertTrue(totals.bytesIn() <= 24L * totals.launches(), "step " + step + ": " + totals);
        }
      }
    }
  }

  /** The device finds candidates and copies no logits; the host finds those beyond its buffers. */
  @ParameterizedTest
  @MethodSource("devices")
  void candidatesAreTheLikeliestTokens(TornadoDevices.Device device) {
    Profile profile = new Profile();
    try (TornadoEngine engine = open(device, 3, profile)) {
      int[][] prompts = {ids(1, 4), ids(2, 1), ids(3, 7)};
      int[] wanted = {TOPS, 2, V};
      for (int count : new int[] {2, 3}) {
        List<Work> work = new ArrayList<>();
        List<Logprobs> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          Want want =
              new Want.Candidates(
                  wanted[i], (ids, values) -> found.add(new Logprobs(0, ids, values)));
          work.add(new Work(engine.open(), prompts[i], want));
        }
        engine.step(work);
        for (int i = 0; i < count; i++) {
          Sequence sequence = work.get(i).sequence();
          assertEquals(prompts[i].length, sequence.length());
          sequence.truncate(prompts[i].length - 1);
          float[] logits = logits(engine, sequence, prompts[i][prompts[i].length - 1]);
          Logprobs expected = Logprobs.of(logits, V, 0, wanted[i]);
          assertArrayEquals(expected.ids(), found.get(i).ids(), count + ", row " + i);
          assertArrayEquals(expected.values(), found.get(i).values(), 1e-6);
          sequence.truncate(sequence.length() - 1);
        }
        profile.reset();
        for (int i = 0; i < count; i++) {
          int last = prompts[i][prompts[i].length - 1];
          work.set(i, new Work(work.get(i).sequence(), new int[] {last}, work.get(i).want()));
        }
        engine.step(work);
        if (count == 2) {
          assertEquals(3 * 4 * (4 + 2 * TOPS) + 16, profile.reset().bytesOut());
        }
        work.forEach(piece -> piece.sequence().close());
      }
    }
  }

  /** Forks of forks before any copy is made, and into slots that pending copies read. */
  @ParameterizedTest
  @MethodSource("devices")
  void forksAreIndependent(TornadoDevices.Device device) {
    try (TornadoEngine engine = open(device, 4, null)) {
      int[] prompt = ids(9, 6);
      Sequence x = engine.open();
      final float[] otherExpected = logits(engine, x, 3, 4);
      Sequence a = engine.open();
      final float[] expected = logits(engine, a, prompt);
      a.truncate(5);
      x.truncate(1);
      Sequence b = a.fork();
      Sequence c = b.fork();
      assertEquals(5, c.length());
      assertThrows(GptException.class, engine::open);
      a.close();
      a.close(); // which does nothing
      Sequence y = x.fork(); // takes the slot that b's and c's pending copies read
      assertArrayEquals(otherExpected, logits(engine, y, 4));
      final float[] third = logits(engine, c, 30);
      assertArrayEquals(expected, logits(engine, b, prompt[5]));
      c.truncate(5);
      assertArrayEquals(expected, logits(engine, c, prompt[5]));
      c.close();
      y.close();
      b.truncate(5);
      Sequence d = b.fork();
      b.close();
      Sequence e = d.fork(); // takes the slot that still has these keys and values
      assertArrayEquals(third, logits(engine, e, 30));
      assertArrayEquals(expected, logits(engine, d, prompt[5]));
      assertArrayEquals(otherExpected, logits(engine, x, 4));
    }
  }

  /** A fork copies the token counts for penalties, on the host or on the device. */
  @ParameterizedTest
  @MethodSource("devices")
  void aForkCopiesTheHistory(TornadoDevices.Device device) {
    SamplingParameters penalised =
        SamplingParameters.builder().temperature(0).frequencyPenalty(1.5).build();
    try (TornadoEngine engine = open(device, 2, null)) {
      Sequence a = engine.open();
      a.drawing(drawing(penalised, 0, 1), 0);
      Want.Token token = new Want.Token(false);
      engine.step(List.of(new Work(a, new int[] {1}, token)));
      engine.step(List.of(Work.appendDrawn(a, token.at(1))));
      Sequence b = a.fork();
      Want.Token other = new Want.Token(false);
      for (int step = 2; step < 5; step++) {
        engine.step(
            List.of(Work.appendDrawn(a, token.at(step)), Work.appendDrawn(b, other.at(step))));
        assertEquals(token.id(), other.id(), "step " + step);
      }
    }
  }

  /** After a truncation the row on the device has the wrong position, and is not used. */
  @ParameterizedTest
  @MethodSource("devices")
  void theDrawnTokenIsAppendedAfterATruncation(TornadoDevices.Device device) {
    Drawing drawing = drawing(SamplingParameters.greedy(), 1);
    try (TornadoEngine engine = open(device, 2, null)) {
      Sequence a = engine.open();
      a.drawing(drawing, 0);
      Want.Token token = new Want.Token(false);
      engine.step(List.of(new Work(a, new int[] {1, 2, 3}, token)));
      engine.step(List.of(Work.appendDrawn(a, token.at(1))));
      a.truncate(2);
      int last = token.id();
      engine.step(List.of(Work.appendDrawn(a, token.at(2))));
      Sequence b = engine.open();
      b.drawing(drawing, 0);
      Want.Token other = new Want.Token(false);
      engine.step(List.of(new Work(b, new int[] {1, 2, last}, other.at(2))));
      assertEquals(other.id(), token.id());
      assertEquals(
          other.logprobs().orElseThrow().chosen(), token.logprobs().orElseThrow().chosen());
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void invalidWorkIsRejectedAndChangesNothing(TornadoDevices.Device device) {
    try (TornadoEngine engine = open(device, 2, null);
        TornadoEngine another = open(device, 1, null)) {
      Sequence a = engine.open();
      Sequence b = engine.open();
      engine.step(List.of(Work.append(a, 1, 2)));
      Want probe = Context.probe(Site.RESID, 0, new float[1][], 0);
      Want.LogitsReader reader = (pos, row) -> {};
      assertRejected(UnsupportedOperationException.class, engine, new Work(a, ids(1, 1), probe));
      assertRejected(GptException.class, engine, Work.append(a, V));
      assertRejected(GptException.class, engine, Work.append(a, new int[BLOCK - 1]));
      assertRejected(IllegalStateException.class, engine, Work.appendDrawn(a, Want.NOTHING));
      assertRejected(
          IllegalStateException.class, engine, new Work(a, ids(1, 1), new Want.Token(false)));
      assertRejected(IllegalArgumentException.class, engine, Work.append(another.open(), 1));
      assertRejected(
          IllegalArgumentException.class,
          engine,
          new Work(a, ids(1, 1), new Want.Logits(2, reader)));
      assertThrows(
          IllegalArgumentException.class,
          () -> engine.step(List.of(Work.append(a, 1), Work.append(a, 1))));
      assertThrows(GptException.class, engine::open);
      assertEquals(2, a.length());
      b.close();
      assertRejected(IllegalStateException.class, engine, Work.append(b, 1));
      engine.open().close();
    }
  }

  private static void assertRejected(
      Class<? extends Exception> type, TornadoEngine engine, Work work) {
    assertThrows(type, () -> engine.step(List.of(work)));
  }

  /** Parameters beyond the kernels' limits. */
  @ParameterizedTest
  @MethodSource("devices")
  void theHostDrawsWhereTheDeviceCannot(TornadoDevices.Device device) {
    SamplingParameters greedy = SamplingParameters.greedy();
    int[] stops = ids(3, Sampling.MAX_STOPS + 1);
    try (TornadoEngine engine = open(device, 3, null)) {
      List<Drawing> drawings =
          List.of(
              new Drawing(greedy, new int[0], stops),
              new Drawing(greedy, new int[0], new int[0], TOPS + 1),
              new Drawing(greedy, new int[0], new int[0], 1));
      List<Sequence> sequences = drawings.stream().map(drawing -> engine.open()).toList();
      List<Want.Token> tokens = drawings.stream().map(drawing -> new Want.Token(false)).toList();
      for (int step = 0; step < 4; step++) {
        List<Work> work = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          if (step == 0) {
            sequences.get(i).drawing(drawings.get(i), 0);
          }
          int[] ids = step == 0 ? new int[] {1, 2} : new int[0];
          work.add(new Work(sequences.get(i), ids, tokens.get(i).at(step)));
        }
        engine.step(work);
        assertEquals(tokens.get(2).id(), tokens.get(0).id(), "step " + step);
        assertEquals(tokens.get(2).id(), tokens.get(1).id(), "step " + step);
        assertEquals(TOPS + 1, tokens.get(1).logprobs().orElseThrow().ids().length);
        assertEquals(
            tokens.get(2).logprobs().orElseThrow().chosen(),
            tokens.get(1).logprobs().orElseThrow().chosen(),
            1e-6);
      }
    }
  }

  static Stream<Arguments> damages() {
    return devices().flatMap(d -> Stream.of(Float.NaN, 1e30f).map(s -> Arguments.of(d, s)));
  }

  /** NaN weights and weights whose products overflow, for each kind of result. */
  @ParameterizedTest
  @MethodSource("damages")
  void aDamagedModelIsAnError(TornadoDevices.Device device, float scale) {
    try (TornadoEngine engine = open(device, 2, null, scale)) {
      Sequence sequence = engine.open();
      sequence.drawing(drawing(SamplingParameters.greedy(), 0), 4);
      Want.Token token = new Want.Token(false).at(2);
      engine.step(List.of(new Work(sequence, new int[] {1, 2}, token)));
      GptException e = assertThrows(GptException.class, token::id);
      assertTrue(e.getMessage().startsWith("the model produced NaN logits; "), e::toString);
      assertTrue(e.getMessage().endsWith(" (sample 4, new token 3)"), e::toString);
      Want candidates = new Want.Candidates(2, (ids, values) -> {});
      assertThrows(
          InvalidLogitsException.class,
          () -> engine.step(List.of(new Work(sequence, new int[] {1}, candidates))));
      Want losses = new Want.Losses(new int[] {1}, new double[1]);
      assertThrows(
          InvalidLogitsException.class,
          () -> engine.step(List.of(new Work(sequence, new int[] {1}, losses))));
      assertEquals(2, sequence.length());
    }
  }
}
