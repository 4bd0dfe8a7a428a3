package gpt.generate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.engine.Want;
import gpt.engine.Work;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class LeasedStepsTest {
  private static final int VOCAB = 11;
  private static final int BLOCK_SIZE = 40;

  private final FakeEngine engine = new FakeEngine(BLOCK_SIZE, VOCAB, FakeEngine.random(VOCAB));
  private final LeasedSteps steps = new LeasedSteps();
  private final List<CompletableFuture<Void>> done = new ArrayList<>();
  private final List<float[]> logits = new ArrayList<>();

  /** Adds a step that appends ids to a new sequence and reads the logits of the last one. */
  private void add(int... ids) {
    int step = done.size();
    logits.add(null);
    Want want = new Want.Logits(1, (pos, row) -> logits.set(step, Arrays.copyOf(row, VOCAB)));
    done.add(new CompletableFuture<>());
    steps.add(List.of(new Work(engine.open(), ids, want)), done.getLast());
  }

  private void assertDone(int step, int... ids) {
    done.get(step).join();
    assertArrayEquals(FakeEngine.random(VOCAB).apply(ids), logits.get(step));
  }

  @Test
  void stepsThatWaitRunTogether() {
    add(1, 2);
    add(3);
    add(4, 5, 6);
    steps.run(engine);
    assertEquals(List.of("2 1 3"), engine.calls);
    assertDone(0, 1, 2);
    assertDone(1, 3);
    assertDone(2, 4, 5, 6);
    assertTrue(steps.isEmpty());
    steps.run(engine);
    assertEquals(1, engine.calls.size());
  }

  @Test
  void aWrongStepFailsAlone() {
    add(1, 2);
    add(VOCAB);
    add(4);
    steps.run(engine);
    assertDone(0, 1, 2);
    CompletionException e = assertThrows(CompletionException.class, done.get(1)::join);
    assertEquals(GptException.class, e.getCause().getClass());
    assertDone(2, 4);
  }

  @Test
  void theRowsOfAStepAreBounded() {
    int most = Scheduler.PROMPT_ROWS / BLOCK_SIZE;
    for (int i = 0; i <= most; i++) {
      add(new int[BLOCK_SIZE]);
    }
    steps.run(engine);
    assertTrue(done.get(most - 1).isDone());
    assertFalse(done.get(most).isDone());
    steps.run(engine);
    assertTrue(done.get(most).isDone());
    assertEquals(2, engine.calls.size());
  }
}
