package gpt.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Speculative decoding: has a {@link Drafter} guess tokens, as many as pay off. Where a share a of
 * the drafts is right, a draft takes d and a step of r rows takes s(r), a step with k drafts gives
 *
 * <pre>    (1 + a + a² + … + aᵏ) / (k d + s(k + 1))</pre>
 *
 * tokens per second. The k with the most is taken. The durations are medians of recent steps, so
 * that neither the JIT compiler nor another process misleads for long.
 *
 * <p>Where k = 0 is the fastest, drafting stops until the plain steps have repaid the time that
 * drafts have lost, of which each repays {@link #REPAID}: so a text that cannot be guessed loses
 * about that share of its time. Then drafting starts afresh.
 */
final class Speculation {
  /** Maximum rows of a step with drafts; more are no faster than the same rows in two steps. */
  static final int MAX_ROWS = 16;

  /** Steps without drafts at the start, for the duration of a plain step. */
  private static final int FIRST_PLAIN_STEPS = 4;

  /** One of so many steps has no drafts, so that the duration of a plain step stays known. */
  private static final int PLAIN_PERIOD = 32;

  /** Share of the time without drafts that may be lost to trying them. */
  private static final double REPAID = 0.01;

  /** Limit on the steps until the next try. */
  private static final int MAX_PAUSE = 512;

  /** The share of right drafts at the start, and the number of drafts that it counts for. */
  private static final double FIRST_SHARE = 0.75;

  private static final double FIRST_COUNT = 2;

  /** Weight of the past in the share of right drafts, for each new draft. */
  private static final double DECAY = 0.98;

  /** What one more row, and a draft, are assumed to take of a plain step until measured. */
  private static final double ROW_COST = 0.1;

  private static final double DRAFT_COST = 0.2;

  /** Steps after which a duration that has not been measured again is forgotten. */
  private static final int MAX_AGE = 256;

  private final Drafter drafter;
  private long steps;

  /** Durations of a decode step by its number of rows. */
  private final NavigableMap<Integer, RecentMedian> stepNanos = new TreeMap<>();

  private RecentMedian draftNanos = new RecentMedian();
  private double right = FIRST_SHARE * FIRST_COUNT;
  private double verified = FIRST_COUNT;

  /** Whether drafts are tried; false until the lost time is repaid. */
  private boolean drafting = true;

  /** Nanoseconds lost to drafts and not repaid. */
  private double lost;

  private long draftedNanos;

  /**
   * Drafts with a drafter.
   *
   * @param drafter belongs to the caller
   */
  Speculation(Drafter drafter) {
    this.drafter = drafter;
  }

  /** Sets the drafts of the next step. */
  void draft(List<RunningCompletion> decoding) {
    draftedNanos = 0;
    List<RunningCompletion> able =
        decoding.stream().filter(completion -> completion.maxDrafts() > 0).toList();
    if (able.isEmpty()
        || !drafting
        || steps % PLAIN_PERIOD < (steps < PLAIN_PERIOD ? FIRST_PLAIN_STEPS : 1)) {
      return;
    }
    int max = fastest(decoding.size());
    if (max == 0) {
      drafting = false;
      return;
    }
    long begin = System.nanoTime();
    drafter.catchUp(able);
    long caughtUp = System.nanoTime();
    drafter.draft(able, max);
    int drafts = able.stream().mapToInt(RunningCompletion::drafts).sum();
    if (drafts > 0) { // else the drafter has nothing to propose, and nothing was tried
      long now = System.nanoTime();
      draftNanos.add((double) (now - caughtUp) / drafts);
      draftedNanos = now - begin;
    }
  }

  /** The number of drafts for each of the completions that gives the most tokens per second. */
  private int fastest(int completions) {
    double plain = stepNanos(completions);
    double draft = draftNanos.or(DRAFT_COST * plain);
    double share = right / verified;
    double most = 1 / plain;
    int best = 0;
    double tokens = 1;
    double allRight = 1;
    for (int drafts = 1; completions * (drafts + 1) <= MAX_ROWS; drafts++) {
      allRight *= share;
      tokens += allRight;
      double nanos = completions * drafts * draft + stepNanos(completions * (drafts + 1));
      if (tokens / nanos > most) {
        most = tokens / nanos;
        best = drafts;
      }
    }
    return best;
  }

  /** Nanoseconds that the current step's drafts took; 0 without drafts. */
  long draftedNanos() {
    return draftedNanos;
  }

  /** Estimated duration of a step: measured, or between the neighbours that are. */
  private double stepNanos(int rows) {
    Map.Entry<Integer, RecentMedian> below = stepNanos.floorEntry(rows);
    Map.Entry<Integer, RecentMedian> above = stepNanos.ceilingEntry(rows);
    if (below == null) {
      return above == null ? 1 : above.getValue().or(1);
    }
    double from = below.getValue().or(1);
    int distance = rows - below.getKey();
    if (above == null) {
      return from * (1 + ROW_COST * distance);
    }
    double to = above.getValue().or(1);
    return distance == 0 ? from : from + (to - from) * distance / (above.getKey() - below.getKey());
  }

  /**
   * Records a step without prompts.
   *
   * @param tokens number of tokens that it gave
   */
  void stepped(int completions, int rows, int tokens, long nanos) {
    steps++;
    stepNanos.values().removeIf(each -> steps - each.last > MAX_AGE);
    RecentMedian median = stepNanos.computeIfAbsent(rows, each -> new RecentMedian());
    median.add(nanos);
    median.last = steps;
    double plain = stepNanos(completions);
    if (draftedNanos > 0) {
      lost =
          Math.clamp(
              lost + draftedNanos + nanos - plain * tokens / completions,
              0,
              REPAID * MAX_PAUSE * plain);
    } else if (!drafting) {
      lost -= REPAID * nanos;
      if (lost <= 0) {
        startAfresh();
      }
    }
  }

  private void startAfresh() {
    drafting = true;
    lost = 0;
    right = FIRST_SHARE * FIRST_COUNT;
    verified = FIRST_COUNT;
    draftNanos = new RecentMedian();
  }

  /**
   * Records how many of a completion's drafts were right.
   *
   * @param drafts number of drafts, at least 1
   * @param rightDrafts how many of them, from the first on, were right
   */
  void verified(int drafts, int rightDrafts) {
    for (int i = 0; i < Math.min(drafts, rightDrafts + 1); i++) {
      verified = DECAY * verified + 1;
      right = DECAY * right + (i < rightDrafts ? 1 : 0);
    }
    drafter.count(drafts, rightDrafts);
  }

  /** Frees what belongs to a completion that has ended. */
  void ended(RunningCompletion completion) {
    drafter.ended(completion);
  }

  /** The median of the last values. */
  private static final class RecentMedian {
    private static final int COUNT = 7;

    private final List<Double> values = new ArrayList<>();

    /** When a value was added last. */
    private long last;

    void add(double value) {
      values.add(value);
      if (values.size() > COUNT) {
        values.removeFirst();
      }
    }

    /** The lower median, or another value where there is none. */
    double or(double other) {
      return values.isEmpty()
          ? other
          : values.stream().sorted().toList().get((values.size() - 1) / 2);
    }
  }
}
