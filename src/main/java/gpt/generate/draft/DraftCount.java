package gpt.generate.draft;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * How many tokens to draft, so that it pays off. Where a share a of the drafts is right, a draft
 * takes d and a step of r rows takes s(r), a step with k drafts gives
 *
 * <pre>    (1 + a + a² + … + aᵏ) / (k d + s(k + 1))</pre>
 *
 * tokens per second. The k with the most is taken. The durations are the lower quartile of the last
 * 8: other processes lengthen half the steps of a busy machine severalfold, which hits a long step
 * as often for its time as a short one, so that the undisturbed durations have the right ratio.
 *
 * <p>Where k = 0 is the fastest, drafting stops until the plain steps have repaid the time that
 * drafts have lost, of which each repays {@link #REPAID}: so a text that cannot be guessed loses
 * about that share of its time. Then drafting starts afresh.
 */
final class DraftCount {
  /** Maximum rows of a step with drafts; more are no faster than the same rows in two steps. */
  static final int MAX_ROWS = 16;

  /** Steps without drafts at the start, for the duration of a plain step. */
  private static final int FIRST_PLAIN_STEPS = 4;

  /** One of so many steps has no drafts, so that the duration of a plain step stays known. */
  private static final int PLAIN_PERIOD = 32;

  private static final int TRIAL_STEPS = 3;

  /** Longest trial of drafts that are mostly right: in steps, and in plain steps' time lost. */
  private static final int WARM_UP_STEPS = 24;

  private static final double MAX_TRIAL_LOSS = 6;

  private static final double MOSTLY = 0.7;

  /** Share of the time without drafts that may be lost to trying them. */
  private static final double REPAID = 0.01;

  /** Steps until the next try, at least and at most. */
  private static final int MIN_PAUSE = 64;

  private static final int MAX_PAUSE = 256;

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

  private long steps;

  /** Durations of a decode step by its number of rows. */
  private final NavigableMap<Integer, Recent> stepNanos = new TreeMap<>();

  private Recent draftNanos = new Recent();
  private double right = FIRST_SHARE * FIRST_COUNT;
  private double verified = FIRST_COUNT;

  /** Whether drafts are tried; false until the lost time is repaid. */
  private boolean drafting = true;

  /** Steps with drafts since they were started. */
  private int tried;

  /** The time lost to drafts and not repaid, in plain steps, by the same durations. */
  private double lost;

  /** The number of drafts for each of {@code completions} in the next step; 0 for none. */
  int next(int completions) {
    boolean plain = steps < FIRST_PLAIN_STEPS || steps % PLAIN_PERIOD == 0;
    if (!drafting || plain || 2 * completions > MAX_ROWS) {
      return 0;
    }
    int best = Math.max(fastest(completions), isTrial() ? 1 : 0);
    if (best == 0) {
      drafting = false;
      lost = Math.clamp(lost, REPAID * MIN_PAUSE, REPAID * MAX_PAUSE);
    }
    return best;
  }

  /** Records what the drafts of the next step, of all completions together, have taken. */
  void drafted(int drafts, long nanos) {
    draftNanos.add((double) nanos / drafts);
    tried++;
  }

  /**
   * Whether drafts are still tried although they do not pay off: to measure them, and where most
   * are right until the JIT has compiled what they run.
   */
  private boolean isTrial() {
    return tried < TRIAL_STEPS
        || right > MOSTLY * verified && tried < WARM_UP_STEPS && lost < MAX_TRIAL_LOSS;
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

  /** Estimated duration of a step: measured, or between the neighbours that are. */
  private double stepNanos(int rows) {
    Map.Entry<Integer, Recent> below = stepNanos.floorEntry(rows);
    Map.Entry<Integer, Recent> above = stepNanos.ceilingEntry(rows);
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
    Recent durations = stepNanos.computeIfAbsent(rows, each -> new Recent());
    durations.add(nanos);
    durations.last = steps;
    if (rows > completions) {
      double took = draftNanos.or(0) * (rows - completions) + stepNanos(rows);
      double saved = (double) tokens / completions;
      lost = Math.max(0, lost + took / stepNanos(completions) - saved);
    } else if (!drafting) {
      lost -= REPAID;
      if (lost <= 0) {
        startAfresh(completions);
      }
    }
  }

  private void startAfresh(int completions) {
    drafting = true;
    stepNanos.tailMap(completions, false).clear();
    tried = 0;
    lost = 0;
    right = FIRST_SHARE * FIRST_COUNT;
    verified = FIRST_COUNT;
    draftNanos = new Recent();
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
  }

  /** The last values. */
  private static final class Recent {
    private static final int COUNT = 8;

    private final Deque<Double> values = new ArrayDeque<>();

    /** When a value was added last. */
    private long last;

    void add(double value) {
      values.add(value);
      if (values.size() > COUNT) {
        values.remove();
      }
    }

    /** Their lower quartile, or another value where there is none. */
    double or(double other) {
      return values.isEmpty()
          ? other
          : values.stream().sorted().toList().get((values.size() - 1) / 4);
    }
  }
}
