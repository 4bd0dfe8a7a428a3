package gpt.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which tasks run at once, and the order of their results. */
@Timeout(20)
class WindowTest {
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger started = new AtomicInteger();
  private volatile int most;

  /** A task that runs an action, and has its number as its result. */
  private final class Numbered implements Window.Task<Integer> {
    private final int number;
    private final Action action;

    Numbered(int number, Action action) {
      this.number = number;
      this.action = action;
    }

    @Override
    public int weight() {
      return 1;
    }

    @Override
    public Integer run() {
      started.incrementAndGet();
      synchronized (WindowTest.this) {
        most = Math.max(most, running.incrementAndGet());
      }
      try {
        action.run();
        return number;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      } finally {
        running.decrementAndGet();
      }
    }
  }

  @FunctionalInterface
  private interface Action {
    void run() throws InterruptedException;
  }

  private Window.Source<Integer> tasks(int count, IntFunction<Action> action) {
    Iterator<Numbered> all =
        IntStream.range(0, count).mapToObj(i -> new Numbered(i, action.apply(i))).iterator();
    return Window.Source.of(all);
  }

  private static List<Integer> drain(Window<Integer> window) throws InterruptedException {
    List<Integer> results = new ArrayList<>();
    for (Integer next = window.next(); next != null; next = window.next()) {
      results.add(next);
    }
    return results;
  }

  @Test
  void resultsHaveTheTasksOrderAndNoMoreRunThanTheLimit() throws InterruptedException {
    try (Window<Integer> window =
        new Window<>(tasks(300, i -> () -> Thread.sleep(i % 3)), 7, true, i -> 1)) {
      assertEquals(IntStream.range(0, 300).boxed().toList(), drain(window));
    }
    assertTrue(most > 1 && most <= 7, "ran at once: " + most);
  }

  @Test
  void aSlowFirstTaskHoldsNoOtherUpInEitherOrder() throws InterruptedException {
    for (boolean ordered : new boolean[] {true, false}) {
      CountDownLatch others = new CountDownLatch(99);
      IntFunction<Action> action = i -> i == 0 ? others::await : others::countDown;
      try (Window<Integer> window = new Window<>(tasks(100, action), 2, ordered, i -> 1)) {
        int place = drain(window).indexOf(0);
        assertTrue(ordered ? place == 0 : place >= 97, "place " + place);
      }
    }
  }

  @Test
  void resultsThatWaitAreBoundedByTheirSize() throws InterruptedException {
    CountDownLatch first = new CountDownLatch(1);
    IntFunction<Action> action = i -> i == 0 ? first::await : () -> {};
    long size = Window.MAX_HELD_BYTES / 10;
    try (Window<Integer> window = new Window<>(tasks(100, action), 3, true, i -> size)) {
      Thread consumer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      drain(window);
                    } catch (InterruptedException e) {
                      throw new IllegalStateException(e);
                    }
                  });
      while (started.get() < 1 + 10) { // the timeout fails the test
        Thread.sleep(1);
      }
      for (int seen = 0; seen < 20; seen++) { // time for more to start, if that were possible
        Thread.sleep(5);
        assertTrue(started.get() <= 1 + 10 + 3, "started: " + started);
      }
      first.countDown();
      consumer.join();
      assertEquals(100, started.get());
    }
  }

  @Test
  void aFailureEndsTheWindowAndInterruptsWhatRuns() throws InterruptedException {
    CountDownLatch interrupted = new CountDownLatch(1);
    IntFunction<Action> action =
        i ->
            () -> {
              if (i == 1) {
                throw new IllegalArgumentException("task 1");
              }
              try {
                new CountDownLatch(1).await();
              } finally {
                interrupted.countDown();
              }
            };
    try (Window<Integer> window = new Window<>(tasks(9, action), 2, true, i -> 1)) {
      assertEquals(
          "task 1", assertThrows(IllegalArgumentException.class, window::next).getMessage());
    }
    interrupted.await();
  }

  @Test
  void resultsDoNotWaitForASourceThatHasNoneYet() throws InterruptedException {
    BlockingQueue<Numbered> queue = new LinkedBlockingQueue<>();
    Window.Source<Integer> source =
        new Window.Source<>() {
          @Override
          public Window.Task<Integer> poll() {
            return queue.poll();
          }

          @Override
          public boolean ended() {
            return started.get() == 2;
          }
        };
    queue.add(new Numbered(0, () -> {}));
    try (Window<Integer> window = new Window<>(source, 9, true, i -> 1)) {
      assertEquals(0, window.next());
      Thread.ofVirtual()
          .start(
              () -> {
                queue.add(new Numbered(1, () -> {}));
                window.wake();
              });
      assertEquals(1, window.next());
      assertNull(window.next());
    }
  }
}
