package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.OnFull;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The work of each step, prefix reuse, and that completions do not depend on either. */
class SchedulerTest {
  private static final int VOCAB = 17;
  private static final int BLOCK_SIZE = 300;
  private static final Listener IGNORE = (sample, id, completion) -> true;

  private final FakeEngine engine = new FakeEngine(BLOCK_SIZE, VOCAB, FakeEngine.random(VOCAB));
  private final Scheduler scheduler = new Scheduler(engine, engine.batchSize());

  private static Request request(int[] prompt, int max, long seed) {
    return Requests.of(
        prompt,
        max,
        OptionalInt.of(3),
        List.of(),
        OnFull.SLIDE,
        new SamplingParameters(1, 0, seed),
        0,
        1);
  }

  private static RunningCompletion completion(Request request) {
    Delivery delivery = new Delivery(request, null, IGNORE, 0);
    return new RunningCompletion(delivery, request, request.promptIds(), BLOCK_SIZE);
  }

  private static int[] ids(RunningCompletion completion) {
    assertTrue(completion.delivery().deliver());
    return completion.delivery().finished(new int[0]).ids();
  }

  private static int[] alone(Request request) {
    FakeEngine engine = new FakeEngine(BLOCK_SIZE, VOCAB, FakeEngine.random(VOCAB));
    return new Generator(engine, Optional.empty()).generate(request, IGNORE).getFirst().ids();
  }

  private static int[] prompt(int length, long seed) {
    return new Random(seed).ints(length, 0, VOCAB).toArray();
  }

  private static int[] join(int[] a, int... b) {
    return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
  }

  private void add(RunningCompletion... completions) {
    scheduler.add(List.of(completions));
  }

  private void run() {
    while (!scheduler.isIdle()) {
      scheduler.step(true);
    }
  }

  /** A caller with many completions takes turns with others. */
  @Test
  void aCallerWithManyCompletionsDoesNotKeepOthersWaiting() {
    Request many = Requests.greedy(new int[] {1}, 4, OnFull.STOP);
    List<RunningCompletion> first = IntStream.range(0, 6).mapToObj(i -> completion(many)).toList();
    Request one = Requests.greedy(new int[] {2}, 4, OnFull.STOP);
    List<Integer> ids = new ArrayList<>();
    Delivery delivery = new Delivery(one, null, (sample, id, text) -> ids.add(id), 0);
    RunningCompletion other = new RunningCompletion(delivery, one, one.promptIds(), BLOCK_SIZE);
    try (Scheduler two = new Scheduler(engine, 2)) {
      two.add(first);
      two.step(true);
      two.add(List.of(other));
      while (!other.delivery().ended()) {
        two.step(true);
      }
      assertEquals(3, first.stream().filter(each -> each.delivery().ended()).count());
      while (!two.isIdle()) {
        two.step(true);
      }
    }
  }

  /** Random arrivals and cancellations, shared prefixes, and a small capacity. */
  @Test
  void aCompletionDoesNotDependOnOthersInItsSteps() {
    for (int seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      FakeEngine crowded = new FakeEngine(BLOCK_SIZE, VOCAB, FakeEngine.random(VOCAB));
      crowded.capacity = 1 + random.nextInt(5);
      try (Scheduler steps = new Scheduler(crowded, crowded.batchSize())) {
        List<Request> requests = new ArrayList<>();
        List<RunningCompletion> completions = new ArrayList<>();
        while (completions.size() < 25 || !steps.isIdle()) {
          if (completions.size() < 25 && random.nextInt(3) == 0) {
            int[] common = prompt(random.nextInt(BLOCK_SIZE), random.nextInt(2));
            int[] own = prompt(1 + random.nextInt(30), random.nextInt(3));
            int[] all = join(common, own);
            Request request =
                request(
                    Arrays.copyOf(all, Math.min(all.length, BLOCK_SIZE)),
                    1 + random.nextInt(20),
                    random.nextInt(5));
            requests.add(request);
            completions.add(completion(request));
            steps.add(List.of(completions.getLast()));
          }
          if (random.nextInt(20) == 0 && !completions.isEmpty()) {
            completions.get(random.nextInt(completions.size())).delivery().cancel();
          }
          steps.step(true);
        }
        int whole = 0;
        for (int i = 0; i < completions.size(); i++) {
          int[] got = ids(completions.get(i));
          int[] expected = alone(requests.get(i));
          whole += got.length == expected.length ? 1 : 0;
          assertArrayEquals(Arrays.copyOf(expected, got.length), got, "seed " + seed);
        }
        assertTrue(whole > 5, "completions that were not cancelled: " + whole);
      }
      assertEquals(0, crowded.openSequences, "seed " + seed);
    }
  }

  @Test
  void aCompletionJoinsWhileAnotherIsDecoded() {
    add(completion(request(prompt(5, 1), 4, 1)));
    scheduler.step(true);
    scheduler.step(true);
    add(completion(request(prompt(3, 2), 3, 4)));
    run();
    assertEquals(List.of("5", "d", "d 3", "d d", "d"), engine.calls);
  }

  @Test
  void aLongPromptIsPrefilledInChunksBesideDecoding() {
    Request first = request(prompt(2, 1), 20, 1);
    add(completion(first));
    scheduler.step(true);
    add(completion(request(prompt(2 * Scheduler.CHUNK_ROWS + 9, 2), 1, 1)));
    scheduler.step(true);
    scheduler.step(true);
    scheduler.step(true);
    assertEquals(List.of("2", "d 64", "d 64", "d 9"), engine.calls);
  }

  @Test
  void completionsWaitForASharedPrefixAndForkIt() {
    int[] common = prompt(100, 1);
    List<RunningCompletion> completions =
        IntStream.range(0, 3).mapToObj(i -> completion(request(join(common, i, i), 1, i))).toList();
    scheduler.add(completions);
    run();
    assertEquals(List.of("100", "fork", "fork", "2 2 2"), engine.calls);
  }

  @Test
  void aCompletionWhoseParentIsCancelledStartsByItself() {
    int[] common = prompt(100, 1);
    RunningCompletion first = completion(request(join(common, 1), 1, 1));
    RunningCompletion second = completion(request(join(common, 2), 5, 2));
    add(first, second);
    first.delivery().cancel();
    run();
    assertArrayEquals(alone(request(join(common, 2), 5, 2)), ids(second));
    // If the parent has begun its prefill, the tokens it computed are reused.
    engine.calls.clear();
    int[] longer = prompt(250, 3);
    RunningCompletion other = completion(request(prompt(1, 9), 60, 5));
    RunningCompletion third = completion(request(join(longer, 1), 1, 1));
    RunningCompletion fourth = completion(request(join(longer, 2), 5, 2));
    add(other);
    scheduler.step(true);
    add(third, fourth);
    scheduler.step(true);
    third.delivery().cancel();
    run();
    assertArrayEquals(alone(request(join(longer, 2), 5, 2)), ids(fourth));
    int rows =
        engine.calls.stream()
            .flatMap(call -> Arrays.stream(call.split(" ")))
            .filter(call -> call.matches("\\d+"))
            .mapToInt(Integer::parseInt)
            .sum();
    assertEquals(1 + 251, rows, engine.calls::toString);
  }

  @Test
  void aConversationsNextTurnReusesItsSequence() {
    Request first = request(prompt(50, 1), 12, 1);
    RunningCompletion completion = completion(first);
    add(completion);
    run();
    int[] reply = ids(completion);
    engine.calls.clear();
    Request second = request(join(join(first.promptIds(), reply), 4, 4, 4), 2, 1);
    RunningCompletion answer = completion(second);
    add(answer);
    run();
    assertArrayEquals(alone(second), ids(answer));
    // The cached sequence holds all but the token drawn last.
    assertEquals("4", engine.calls.getFirst(), engine.calls::toString);
  }

  @Test
  void cachedSequencesAreEvictedForNewOnesAndForReservations() {
    engine.capacity = 2;
    try (Scheduler small = new Scheduler(engine, engine.batchSize())) {
      for (int i = 0; i < 5; i++) {
        Request request = request(prompt(40, i), 2, i);
        RunningCompletion completion = completion(request);
        small.add(List.of(completion));
        while (!small.isIdle()) {
          small.step(true);
        }
        assertArrayEquals(alone(request), ids(completion));
        assertTrue(engine.openSequences <= 2);
      }
      assertTrue(small.reserve(2));
      assertEquals(0, engine.openSequences);
      RunningCompletion queued = completion(request(prompt(4, 1), 2, 1));
      small.add(List.of(queued));
      small.step(true);
      assertEquals(0, engine.openSequences);
      small.release(2);
      small.step(true);
      assertEquals(1, engine.openSequences);
    }
  }

  @Test
  void aReservationEvictsNoMoreThanItNeeds() {
    add(completion(request(prompt(40, 1), 2, 1)));
    run();
    assertTrue(scheduler.reserve(1));
    assertEquals(1, engine.openSequences);
  }

  @Test
  void aCompletionWithNanLogitsFailsAlone() {
    FakeEngine broken =
        new FakeEngine(
            BLOCK_SIZE,
            VOCAB,
            context -> {
              float[] logits = FakeEngine.random(VOCAB).apply(context);
              logits[2] = context[0] == 5 && context.length == 4 ? Float.NaN : logits[2];
              return logits;
            });
    try (Scheduler steps = new Scheduler(broken, 8)) {
      RunningCompletion good = completion(request(new int[] {1, 2}, 6, 1));
      RunningCompletion bad = completion(request(new int[] {5, 2}, 6, 1));
      steps.add(List.of(bad, good));
      while (!steps.isIdle()) {
        steps.step(true);
      }
      assertArrayEquals(alone(request(new int[] {1, 2}, 6, 1)), ids(good));
      String message =
          assertThrows(GptException.class, () -> bad.delivery().deliver()).getMessage();
      assertTrue(message.endsWith("(sample 0, new token 3)"), message);
    }
  }
}
