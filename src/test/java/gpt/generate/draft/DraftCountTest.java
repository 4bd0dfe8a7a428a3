package gpt.generate.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** The number of drafts, with steps whose durations are given. */
class DraftCountTest {
  private static final double PLAIN = 1e6;

  private final Random random = new Random(3);
  private long drafts;

  /** How often the steps of a busy machine are disturbed. */
  private double disturbed;

  /**
   * Decodes tokens; returns the speed by that without drafts.
   *
   * @param share of right drafts
   * @param draft what a draft takes of a plain step
   * @param step what a step of so many rows takes of a plain step
   */
  private double speed(int tokens, double share, double draft, IntToDoubleFunction step) {
    DraftCount count = new DraftCount();
    double undisturbed = 0;
    int done = 0;
    drafts = 0;
    while (done < tokens) {
      int k = count.next(1, 1, OptionalDouble.empty());
      if (k > 0) {
        count.drafted(k, nanos(k * draft));
        undisturbed += k * draft;
      }
      int right = 0;
      while (right < k && random.nextDouble() < share) {
        right++;
      }
      if (k > 0) {
        count.verified(k, right);
      }
      double took = step.applyAsDouble(k + 1);
      undisturbed += took;
      count.stepped(1, k + 1, right + 1, nanos(took));
      done += right + 1;
      drafts += k;
    }
    return done / undisturbed;
  }

  private long nanos(double steps) {
    boolean slow = random.nextDouble() < disturbed;
    return Math.round(PLAIN * steps * (slow ? 1 + 9 * random.nextDouble() : 1));
  }

  @Test
  void rightDraftsAreManyAndPayOff() {
    double speed = speed(2_000, 0.93, 0.16, rows -> 1 + 0.1 * (rows - 1));
    assertTrue(speed > 2, "speed " + speed);
    disturbed = 0.4;
    speed = speed(2_000, 0.93, 0.16, rows -> 1 + 0.1 * (rows - 1));
    assertTrue(speed > 1.6, "speed " + speed + " on a busy machine");
  }

  @Test
  void smallGainsAreTriedOnly() {
    double speed = speed(2_000, 0.82, 0.45, rows -> 1 + 0.25 * (rows - 1)); // at most 1.07
    assertTrue(speed > 0.97, "speed " + speed);
    assertTrue(drafts < 200, drafts + " drafts");
  }

  @Test
  void wrongDraftsLoseLittle() {
    for (double busy : new double[] {0, 0.4}) {
      disturbed = busy;
      for (double share : new double[] {0, 0.05, 0.3}) {
        for (int tokens : new int[] {250, 2_000}) {
          double speed = speed(tokens, share, 0.3, rows -> rows == 1 ? 1 : 1.5 + 0.1 * rows);
          assertTrue(speed > 0.97, "speed " + speed + ", share " + share + ", " + tokens);
        }
      }
    }
  }

  /** Of a drafter that knows how many are right, without a step lost to trying. */
  @Test
  void aKnownShareDecides() {
    DraftCount count = new DraftCount();
    int wrong = 0;
    int right = 0;
    for (int step = 0; step < 600; step++) {
      boolean repeats = step % 100 >= 50;
      int k = count.next(1, 1, OptionalDouble.of(repeats ? 0.99 : 0.05));
      wrong += repeats ? 0 : k;
      right += repeats ? k : 0;
      count.stepped(1, k + 1, repeats ? k + 1 : 1, Math.round(PLAIN * (1 + 0.1 * k)));
    }
    assertEquals(0, wrong);
    assertTrue(right > 250 * 12, "right drafts " + right);
    assertEquals(0, count.next(1, 0, OptionalDouble.empty()), "nothing to propose");
  }

  @Test
  void draftsThatAreRightButSlowStop() {
    double speed = speed(2_000, 0.9, 1.1, rows -> 1 + 0.1 * (rows - 1));
    assertTrue(speed > 0.97, "speed " + speed);
  }

  @Test
  void aTextThatBecomesRepetitiveIsDraftedAgain() {
    DraftCount count = new DraftCount();
    int right = 0;
    for (int step = 0; step < 4_000; step++) {
      int k = count.next(1, 1, OptionalDouble.empty());
      boolean repeats = step >= 2_000;
      if (k > 0) {
        count.drafted(k, 1_000);
        count.verified(k, repeats ? k : 0);
        right += repeats ? k : 0;
      }
      count.stepped(1, k + 1, 1 + (repeats ? k : 0), Math.round(PLAIN * (1 + 0.1 * k)));
    }
    assertTrue(right > 8_000, "right drafts " + right);
  }

  @Test
  void manyCompletionsAreNotDrafted() {
    DraftCount count = new DraftCount();
    for (int step = 0; step < 40; step++) {
      assertEquals(0, count.next(9, 9, OptionalDouble.empty()));
      count.stepped(9, 9, 9, 1_000);
    }
  }
}
