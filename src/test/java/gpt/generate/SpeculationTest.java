package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.OnFull;
import gpt.backend.cpu.CpuEngine;
import gpt.generate.draft.ColdDrafter;
import gpt.generate.draft.Drafter;
import gpt.generate.draft.RandomDrafter;
import gpt.generate.draft.Speculation;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Speculative decoding must not change a single id, log-probability or reason to stop. */
class SpeculationTest {
  private static final int VOCAB = 23;
  private static final int BLOCK_SIZE = 48;
  private static final GptConfig CONFIG =
      RandomWeights.shape(2, 2, 32, BLOCK_SIZE, VOCAB, true, Gelu.TANH);
  private static final Weights WEIGHTS = RandomWeights.of(CONFIG, 5, 0.3f);

  private static Request request(Random random) {
    SamplingParameters.Builder sampling =
        SamplingParameters.builder()
            .temperature(random.nextInt(4) == 0 ? 0 : 0.2 + random.nextDouble())
            .seed(random.nextLong());
    if (random.nextBoolean()) {
      sampling.topK(1 + random.nextInt(5));
    }
    if (random.nextBoolean()) {
      sampling.topP(0.3 + 0.6 * random.nextDouble());
    }
    if (random.nextBoolean()) {
      sampling.repetitionPenalty(1 + random.nextDouble()).frequencyPenalty(0.2);
    }
    if (random.nextBoolean()) {
      sampling.minNewTokens(random.nextInt(5)).logitBias(1, 2);
    }
    int[] period = random.ints(1 + random.nextInt(4), 0, VOCAB).toArray();
    int[] prompt = new int[1 + random.nextInt(BLOCK_SIZE + 5)];
    Arrays.setAll(prompt, i -> period[i % period.length]);
    OnFull onFull =
        prompt.length <= BLOCK_SIZE && random.nextBoolean() ? OnFull.STOP : OnFull.SLIDE;
    int[] endIds = random.nextBoolean() ? new int[] {random.nextInt(VOCAB)} : new int[0];
    return new Request(
        prompt,
        new Request.Length(5 + random.nextInt(40), endIds, List.of(), onFull),
        sampling.build(),
        random.nextInt(3),
        1 + random.nextInt(3),
        random.nextInt(3),
        false);
  }

  private static CpuEngine engine(Precision precision) {
    return engine(WEIGHTS, precision);
  }

  private static CpuEngine engine(Weights weights, Precision precision) {
    return CpuEngine.open(CONFIG, weights, precision, 1, fraction -> {});
  }

  private static void assertSame(
      List<FinishedCompletion> expected, List<FinishedCompletion> found) {
    assertEquals(expected.size(), found.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i).ids(), found.get(i).ids());
      assertEquals(expected.get(i).stopReason(), found.get(i).stopReason());
      assertEquals(text(expected.get(i)), text(found.get(i)));
    }
  }

  /** The log-probabilities, to the last bit. */
  private static String text(FinishedCompletion completion) {
    return completion.logprobs().stream()
        .map(each -> each.chosen() + Arrays.toString(each.ids()) + Arrays.toString(each.values()))
        .toList()
        .toString();
  }

  @Test
  void completionsAreTheSameWithEveryDrafter() {
    try (CpuEngine engine = engine(Precision.F32)) {
      List<Supplier<Drafter>> drafters =
          List.of(
              Drafter::ngram,
              RandomDrafter::new,
              () -> Drafter.model(engine(Precision.Q4)),
              () -> Drafter.model(engine(Precision.F32)));
      Generator plain = new Generator(engine, Optional.empty());
      for (int seed = 0; seed < 16; seed++) {
        Request request = request(new Random(seed));
        List<FinishedCompletion> expected = plain.generate(request, (sample, id, text) -> true);
        for (Supplier<Drafter> each : drafters) {
          try (Drafter drafter = each.get()) {
            Generator drafted = new Generator(engine, Optional.empty(), Optional.of(drafter));
            assertSame(expected, drafted.generate(request, (sample, id, text) -> true));
          }
        }
      }
    }
  }

  @Test
  void completionsAreTheSameWithTheModelItself() throws InterruptedException {
    try (CpuEngine engine = engine(Precision.F32);
        Drafter drafter = Drafter.self(() -> engine.drafting(WEIGHTS, Precision.Q4))) {
      Generator plain = new Generator(engine, Optional.empty());
      Generator drafted = new Generator(engine, Optional.empty(), Optional.of(drafter));
      for (int seed = 0; seed < 16; seed++) {
        Request request = request(new Random(seed));
        assertSame(
            plain.generate(request, (sample, id, text) -> true),
            drafted.generate(request, (sample, id, text) -> true));
        if (seed == 0) { // which decoded without drafts
          assertEquals(0, drafter.drafts());
          drafter.prepare();
          while (!drafter.isWarm()) {
            Thread.sleep(5);
          }
        }
      }
      assertTrue(drafter.right() > 0);
    }
  }

  @Test
  void draftsArePreparedForLongTextsOnly() {
    int[] prompt = {1, 2, 3};
    try (CpuEngine engine = engine(Precision.F32)) {
      for (int tokens : new int[] {20, Speculation.MIN_TOKENS}) {
        for (OnFull onFull : new OnFull[] {OnFull.STOP, OnFull.SLIDE}) {
          ColdDrafter drafter = new ColdDrafter();
          Request request = Requests.greedy(prompt, tokens, onFull);
          Delivery delivery = new Delivery(request, null, (sample, id, text) -> true, 0);
          try (Scheduler scheduler =
              new Scheduler(engine, 1, new Speculation(drafter), SchedulerListener.NONE)) {
            scheduler.add(List.of(new RunningCompletion(delivery, request, prompt, BLOCK_SIZE)));
            scheduler.step(true);
            scheduler.step(true);
          }
          boolean isLong = tokens > BLOCK_SIZE && onFull == OnFull.SLIDE;
          assertEquals(isLong, drafter.prepared(), tokens + " tokens, " + onFull);
        }
      }
    }
  }

  /** With small weights greedy decoding repeats itself, so that n-grams are right. */
  @Test
  void rightDraftsSaveSteps() {
    Weights repetitive = RandomWeights.of(CONFIG, 5, 0.02f);
    int[] prompt = {1, 2, 3};
    for (boolean model : new boolean[] {false, true}) {
      try (CpuEngine engine = engine(repetitive, Precision.F32);
          Drafter drafter =
              model ? Drafter.model(engine(repetitive, Precision.F32)) : Drafter.ngram();
          Scheduler scheduler =
              new Scheduler(engine, 1, new Speculation(drafter), SchedulerListener.NONE)) {
        Request request = Requests.greedy(prompt, BLOCK_SIZE - 3, OnFull.STOP);
        Delivery delivery = new Delivery(request, null, (sample, id, text) -> true, 0);
        scheduler.add(List.of(new RunningCompletion(delivery, request, prompt, BLOCK_SIZE)));
        int steps = 0;
        while (!scheduler.isIdle()) {
          scheduler.step(true);
          steps++;
        }
        assertTrue(drafter.right() > 0);
        if (model) {
          assertEquals(drafter.drafts(), drafter.right());
        }
        assertEquals(BLOCK_SIZE - 3, steps + drafter.right());
      }
    }
  }

  /** Completions that join and leave while others draft. */
  @Test
  void completionsDraftTogether() {
    List<Request> requests = new ArrayList<>();
    for (int seed = 0; seed < 12; seed++) {
      requests.add(request(new Random(100 + seed)));
    }
    try (CpuEngine engine = engine(Precision.F32);
        Drafter drafter = Drafter.model(engine(Precision.F32))) {
      Scheduler scheduler =
          new Scheduler(engine, 3, new Speculation(drafter), SchedulerListener.NONE);
      List<Delivery> deliveries = new ArrayList<>();
      for (Request request : requests) {
        int[] ids = request.promptIds();
        int[] prompt = Arrays.copyOfRange(ids, Math.max(0, ids.length - BLOCK_SIZE), ids.length);
        Delivery delivery =
            new Delivery(request, null, (sample, id, text) -> true, request.firstSample());
        deliveries.add(delivery);
        scheduler.add(List.of(new RunningCompletion(delivery, request, prompt, BLOCK_SIZE)));
      }
      while (!scheduler.isIdle()) {
        scheduler.step(true);
      }
      Generator plain = new Generator(engine, Optional.empty());
      for (int i = 0; i < requests.size(); i++) {
        deliveries.get(i).deliver();
        FinishedCompletion alone =
            plain.generate(requests.get(i), (sample, id, text) -> true).getFirst();
        assertSame(List.of(alone), List.of(deliveries.get(i).finished(alone.promptIds())));
      }
      scheduler.close();
    }
  }
}
