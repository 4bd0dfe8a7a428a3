package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyItemRunsExactlyOnceBeforeRunReturns(int size) {
    try (Workers workers = new Workers(size)) {
      assertEquals(size, workers.size());
      for (int round = 0; round < 2_000; round++) {
        int n = round % 17;
        AtomicIntegerArray seen = new AtomicIntegerArray(Math.max(1, n));
        workers.run(
            n,
            (item, worker) -> {
              assertTrue(worker >= 0 && worker < size, "worker " + worker);
              seen.incrementAndGet(item);
            });
        for (int i = 0; i < n; i++) {
          assertEquals(1, seen.get(i), "item " + i + " of " + n);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void aFailingItemIsReportedAndTheWorkersStayUsable(int size) {
    try (Workers workers = new Workers(size)) {
      for (int round = 0; round < 200; round++) {
        RuntimeException cause = new RuntimeException("item");
        RuntimeException thrown =
            assertThrows(
                RuntimeException.class,
                () ->
                    workers.run(
                        50,
                        (item, worker) -> {
                          if (item == 25) {
                            throw cause;
                          }
                        }));
        assertSame(cause, thrown.getCause() == null ? thrown : thrown.getCause());
        AtomicInteger count = new AtomicInteger();
        workers.run(20, (item, worker) -> count.incrementAndGet());
        assertEquals(20, count.get());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void failuresOfManyItemsDoNotReachTheNextRun(int size) {
    try (Workers workers = new Workers(size)) {
      for (int round = 0; round < 500; round++) {
        assertThrows(
            RuntimeException.class,
            () ->
                workers.run(
                    100,
                    (item, worker) -> {
                      throw new RuntimeException("item " + item);
                    }));
        workers.run(100, (item, worker) -> {});
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void parkedWorkersWakeUp(int size) throws InterruptedException {
    try (Workers workers = new Workers(size)) {
      for (int round = 0; round < 20; round++) {
        Thread.sleep(2); // longer than a worker spins
        AtomicInteger count = new AtomicInteger();
        workers.run(8, (item, worker) -> count.incrementAndGet());
        assertEquals(8, count.get());
      }
    }
  }
}
