package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.generate.beam.Beams;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many threads on one engine; the timeout detects deadlocks. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SharedEngineTest {
  private static final int VOCAB = 17;
  private static final int BLOCK_SIZE = 40;
  private static final Listener IGNORE = (sample, id, text) -> true;

  private static FakeEngine engine() {
    FakeEngine engine = new FakeEngine(BLOCK_SIZE, VOCAB, FakeEngine.random(VOCAB));
    engine.mayClose = true;
    return engine;
  }

  private static Request request(int prompt, int max, int samples) {
    return Requests.of(
        new Random(prompt).ints(prompt, 0, VOCAB).toArray(),
        max,
        OptionalInt.empty(),
        List.of(),
        OnFull.SLIDE,
        new SamplingParameters(1, 0, prompt),
        0,
        samples);
  }

  private static Request search(int prompt) {
    return Requests.greedy(request(prompt, 1, 1).promptIds(), 6, OnFull.STOP);
  }

  private static List<int[]> alone(Request request) {
    return new Generator(engine(), Optional.empty())
        .generate(request, IGNORE).stream().map(FinishedCompletion::ids).toList();
  }

  private static void assertSameIds(List<int[]> expected, List<FinishedCompletion> found) {
    assertEquals(expected.size(), found.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), found.get(i).ids());
    }
  }

  @Test
  void resultsDoNotDependOnOtherThreads() throws Exception {
    FakeEngine engine = engine();
    engine.capacity = 5;
    Beams beams = new Beams(3, 1);
    List<Future<?>> calls = new ArrayList<>();
    try (SharedEngine shared = new SharedEngine(() -> engine, 32);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Generator generator = new Generator(shared, Optional.empty());
      for (int i = 0; i < 60; i++) {
        int prompt = 1 + i % 30;
        Request sampled = request(prompt, 1 + i % 50, 1 + i % 3);
        calls.add(
            threads.submit(
                () -> assertSameIds(alone(sampled), generator.generate(sampled, IGNORE))));
        calls.add(
            threads.submit(
                () ->
                    assertSameIds(
                        new Generator(engine(), Optional.empty())
                            .search(search(prompt), beams, IGNORE).stream()
                                .map(FinishedCompletion::ids)
                                .toList(),
                        generator.search(search(prompt), beams, IGNORE))));
      }
      for (Future<?> call : calls) {
        call.get();
      }
    }
    assertTrue(engine.closed);
    assertEquals(0, engine.openSequences);
  }

  private static void awaitWaiting(List<Thread> threads) {
    for (Thread thread : threads) {
      while (thread.getState() != Thread.State.WAITING) {
        Thread.onSpinWait();
      }
    }
  }

  private static Void await(CountDownLatch latch) throws InterruptedException {
    latch.await();
    return null;
  }

  @Test
  void oneStepDecodesCompletionsOfSeveralThreads() throws Exception {
    FakeEngine engine = engine();
    List<Thread> callers = new ArrayList<>();
    CountDownLatch gate = new CountDownLatch(1);
    try (SharedEngine shared = new SharedEngine(() -> engine, 32)) {
      Generator generator = new Generator(shared, Optional.empty());
      callers.add(Thread.ofPlatform().start(() -> shared.onThread(() -> await(gate))));
      awaitWaiting(callers);
      for (int i = 0; i < 4; i++) {
        Request request = request(1 + i, 5, 1);
        callers.add(Thread.ofPlatform().start(() -> generator.generate(request, IGNORE)));
      }
      awaitWaiting(callers);
      gate.countDown(); // all requests are in the queue
      for (Thread caller : callers) {
        caller.join();
      }
    }
    assertTrue(engine.calls.contains("d d d d"), engine.calls::toString);
  }

  @Test
  void closingEndsEveryCallWithAnError() throws Exception {
    FakeEngine engine = engine();
    engine.capacity = 4;
    List<Future<?>> calls = new ArrayList<>();
    CountDownLatch running = new CountDownLatch(3);
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      SharedEngine shared = new SharedEngine(() -> engine, 32);
      Generator generator = new Generator(shared, Optional.empty());
      for (int i = 0; i < 6; i++) { // more than the engine's capacity
        Request endless = request(1 + i, Integer.MAX_VALUE, 1);
        calls.add(
            threads.submit(
                () ->
                    generator.generate(
                        endless,
                        (sample, id, text) -> {
                          running.countDown();
                          return true;
                        })));
      }
      calls.add(threads.submit(() -> generator.search(search(2), new Beams(4, 1), IGNORE)));
      running.await();
      shared.close();
      int failed = 0;
      for (Future<?> call : calls) {
        try {
          call.get();
        } catch (ExecutionException e) {
          failed++;
          assertEquals(GptException.class, e.getCause().getClass());
          assertTrue(e.getCause().getMessage().startsWith("the model is closed"), e::toString);
        }
      }
      assertTrue(failed >= 6, "failed " + failed); // the search may have finished before
      shared.close();
      assertThrows(GptException.class, () -> generator.generate(request(1, 1, 1), IGNORE));
    }
    assertTrue(engine.closed);
    assertEquals(0, engine.openSequences);
  }

  @Test
  void anInterruptedCallFailsAndTheEngineGoesOn() throws Exception {
    FakeEngine engine = engine();
    try (SharedEngine shared = new SharedEngine(() -> engine, 32)) {
      Generator generator = new Generator(shared, Optional.empty());
      CountDownLatch running = new CountDownLatch(1);
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      Thread caller =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      generator.generate(
                          request(1, Integer.MAX_VALUE, 1),
                          (sample, id, text) -> {
                            running.countDown();
                            return true;
                          });
                    } catch (Throwable e) {
                      thrown.set(e);
                    }
                  });
      running.await();
      caller.interrupt();
      caller.join();
      assertEquals("the thread was interrupted", thrown.get().getMessage());
      assertSameIds(alone(request(3, 9, 2)), generator.generate(request(3, 9, 2), IGNORE));
    }
  }

  /** Beams, losses and attention run on a lease, which ends between two steps. */
  @Test
  void anInterruptedLeaseFailsAndReturnsItsSequences() throws Exception {
    FakeEngine engine = engine();
    engine.capacity = 4;
    try (SharedEngine shared = new SharedEngine(() -> engine, 32)) {
      CountDownLatch running = new CountDownLatch(1);
      AtomicReference<Throwable> steps = new AtomicReference<>();
      AtomicReference<Throwable> waits = new AtomicReference<>();
      Thread stepping =
          Thread.ofPlatform().start(() -> steps.set(failure(() -> stepForever(shared, running))));
      running.await();
      // The first lease has three of four sequences, so this one waits.
      Thread waiting =
          Thread.ofPlatform()
              .start(() -> waits.set(failure(() -> shared.call(3, client -> client.capacity()))));
      awaitWaiting(List.of(waiting));
      waiting.interrupt();
      waiting.join();
      stepping.interrupt();
      stepping.join();
      assertEquals("the thread was interrupted", waits.get().getMessage());
      assertEquals("the thread was interrupted", steps.get().getMessage());
      int free = shared.call(4, client -> client.capacity()); // waits for all sequences
      assertEquals(4, free);
    }
  }

  private static Throwable failure(Runnable action) {
    try {
      action.run();
      return null;
    } catch (Throwable e) {
      return e;
    }
  }

  private static void stepForever(SharedEngine shared, CountDownLatch running) {
    shared.call(
        3,
        client -> {
          while (true) {
            try (Sequence sequence = client.open()) {
              client.step(List.of(new Work(sequence, new int[] {1}, Want.NOTHING)));
            }
            running.countDown();
          }
        });
  }

  @Test
  void aCancelledCompletionReleasesItsSequence() {
    FakeEngine engine = engine();
    engine.capacity = 1;
    try (SharedEngine shared = new SharedEngine(() -> engine, 32)) {
      Generator generator = new Generator(shared, Optional.empty());
      for (int i = 0; i < 20; i++) {
        List<FinishedCompletion> one =
            generator.generate(request(2, Integer.MAX_VALUE, 9), (sample, id, text) -> false);
        assertEquals(StopReason.CANCELLED, one.getFirst().stopReason());
        assertEquals(1, one.getFirst().ids().length);
      }
      assertThrows(
          ArithmeticException.class,
          () ->
              generator.generate(
                  request(2, Integer.MAX_VALUE, 9),
                  (sample, id, text) -> {
                    throw new ArithmeticException();
                  }));
      assertSameIds(alone(request(2, 5, 1)), generator.generate(request(2, 5, 1), IGNORE));
    }
  }

  @Test
  void aFailedStepFailsItsCompletionsOnly() {
    boolean[] broken = {true};
    FakeEngine engine =
        new FakeEngine(
            BLOCK_SIZE,
            VOCAB,
            context -> {
              if (broken[0] && context.length == 3) {
                throw new OutOfMemoryError("native memory");
              }
              return FakeEngine.random(VOCAB).apply(context);
            });
    engine.mayClose = true;
    try (SharedEngine shared = new SharedEngine(() -> engine, 32)) {
      Generator generator = new Generator(shared, Optional.empty());
      GptException e =
          assertThrows(GptException.class, () -> generator.generate(request(1, 9, 1), IGNORE));
      assertEquals("out of memory: native memory", e.getMessage());
      assertEquals(0, (int) shared.onThread(() -> engine.openSequences));
      broken[0] = false;
      assertSameIds(alone(request(1, 9, 1)), generator.generate(request(1, 9, 1), IGNORE));
    }
  }

  @Test
  void anErrorWhileOpeningIsThrown() {
    GptException refused = new GptException("no such device");
    GptException thrown =
        assertThrows(
            GptException.class,
            () ->
                new SharedEngine(
                    () -> {
                      throw refused;
                    },
                    1));
    assertEquals("no such device", thrown.getMessage());
    assertSame(refused, thrown.getCause());
  }

  @Test
  void noStepHasMoreSequencesThanAllowed() throws Exception {
    FakeEngine engine = engine();
    List<Future<?>> calls = new ArrayList<>();
    try (SharedEngine shared = new SharedEngine(() -> engine, 2);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      Generator generator = new Generator(shared, Optional.empty());
      for (int i = 0; i < 8; i++) {
        Request request = request(1 + i, 20, 3);
        calls.add(threads.submit(() -> generator.generate(request, IGNORE)));
      }
      for (Future<?> call : calls) {
        call.get();
      }
    }
    assertTrue(engine.calls.contains("d d"), engine.calls::toString);
    assertTrue(
        engine.calls.stream()
            .noneMatch(call -> call.split(" ").length > 2 && !call.startsWith("t")));
  }

  @Test
  void theEngineIsCalledOnOneThread() {
    FakeEngine engine = engine();
    Thread[] opened = new Thread[1];
    try (SharedEngine shared =
        new SharedEngine(
            () -> {
              opened[0] = Thread.currentThread();
              return engine;
            },
            32)) {
      Thread[] stepped = new Thread[1];
      shared.call(
          2,
          lease -> {
            try (var sequence = lease.open()) {
              lease.step(
                  List.of(
                      new gpt.engine.Work(
                          sequence,
                          new int[] {1},
                          new gpt.engine.Want.Logits(
                              1, (pos, logits) -> stepped[0] = Thread.currentThread()))));
              lease.open();
              assertThrows(GptException.class, lease::open);
            }
            return null;
          });
      assertSame(opened[0], stepped[0]);
      assertFalse(stepped[0] == Thread.currentThread());
      assertEquals(0, (int) shared.onThread(() -> engine.openSequences));
    }
  }
}
