package gpt.generate.draft;

import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * How many tokens to draft, so that it pays off. Where a share a of the drafts is right, a draft
 * takes d and a step of r rows takes s(r), a step with k drafts gives
 *
 * <pre>    (1 + a + a² + … + aᵏ) / (k d + s(k + 1))</pre>
 *
 * tokens per second. The k with the most is taken, with drafts that take time only if that is
 * {@link #MIN_GAIN} times as many as without. The durations are the lower quartile of the last 8:
 * other processes lengthen half the steps of a busy machine severalfold, which hits a long step as
 * often for its time as a short one, so that the undisturbed durations have the right ratio.
 *
 * <p>Where k = 0 is the fastest, drafting stops until the plain steps have repaid the time that
 * drafts have lost, of which each repays {@link #REPAID}: so a text that cannot be guessed loses
 * about that share of its time. Then drafting starts afresh. A drafter that knows how often it is
 * right without being verified needs no pauses: where that is too rare, its k is 0.
 */
final class DraftCount {
  /** Maximum rows of a step with drafts; more are no faster than the same rows in two steps. */
  static final int MAX_ROWS = 16;

  /** Steps without drafts at the start, for the duration of a plain step. */
  private static final int FIRST_PLAIN_STEPS = 4;

  /** One of so many steps has no drafts, so that the duration of a plain step stays known. */
  private static final int PLAIN_PERIOD = 32;

  /**
   * By what drafts must be faster: estimates of smaller gains have been losses of up to 6%, since
   * drafts also take the caches from the plain steps between them.
   */
  private static final double MIN_GAIN = 1.1;

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

  /** What one more row, and a draft, are assumed to take of a plain step until measured. */
  private static final double ROW_COST = 0.1;

  private static final double DRAFT_COST = 0.2;

  /**
   * Steps for each of its measurements, after which a duration that has not been measured again is
   * forgotten: a single one may have been disturbed.
   */
  private static final int MAX_AGE = 32;

  private long steps;

  /** Durations of a decode step by its number of rows; null where none is known. */
  private final Recent[] durations = new Recent[MAX_ROWS + 1];

  private Recent draftNanos = new Recent();
  private RightShare share = new RightShare();

  /** Whether drafts are tried; false until the lost time is repaid. */
  private boolean drafting = true;

  /** Steps with drafts since they were started. */
  private int tried;

  /** Whether a trial was so long that the JIT has compiled what drafts run. */
  private boolean compiled;

  /** The time lost to drafts and not repaid, in plain steps, by the same durations. */
  private double lost;

  /**
   * The number of drafts for each of the completions that have drafts in the next step; 0 for none.
   *
   * @param completions number of completions in the step
   * @param drafted how many of them would have drafts
   * @param known the share of their drafts that will be right; empty where only verified drafts
   *     tell. Such drafts are assumed to take no time
   */
  int next(int completions, int drafted, OptionalDouble known) {
    boolean plain = steps < FIRST_PLAIN_STEPS || steps % PLAIN_PERIOD == 0;
    if (!drafting || plain || drafted == 0 || completions + drafted > MAX_ROWS) {
      return 0;
    }
    if (known.isPresent()) {
      return fastest(completions, drafted, known.getAsDouble(), 0, 1);
    }
    double draft = draftNanos.or(DRAFT_COST * stepNanos(completions));
    int best = fastest(completions, drafted, share.value(), draft, MIN_GAIN);
    best = Math.max(best, isTrial() ? 1 : 0);
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
    compiled |= tried == WARM_UP_STEPS;
  }

  /**
   * Whether drafts are still tried although they do not pay off: to measure them, and where most
   * are right until the JIT has compiled what they run.
   */
  private boolean isTrial() {
    return tried < TRIAL_STEPS || !compiled && share.value() > MOSTLY && lost < MAX_TRIAL_LOSS;
  }

  /**
   * The number of drafts for each of the drafted completions with the most tokens per second; 0
   * unless these are {@code minGain} times as many as without.
   */
  private int fastest(int completions, int drafted, double share, double draft, double minGain) {
    double most = minGain * completions / stepNanos(completions);
    int best = 0;
    double tokens = completions;
    double allRight = 1;
    for (int k = 1; completions + drafted * k <= MAX_ROWS; k++) {
      allRight *= share;
      tokens += drafted * allRight;
      double nanos = drafted * k * draft + stepNanos(completions + drafted * k);
      if (tokens / nanos > most) {
        most = tokens / nanos;
        best = k;
      }
    }
    return best;
  }

  /**
   * Estimated duration of a step: the shortest measured of so many rows or more, or between the
   * neighbours that have been measured.
   */
  private double stepNanos(int rows) {
    int below = rows;
    while (below > 0 && durations[below] == null) {
      below--;
    }
    double to = leastFrom(rows);
    if (below == 0) {
      return Double.isInfinite(to) ? 1 : to;
    }
    double from = Math.min(to, durations[below].quartile);
    if (Double.isInfinite(to)) {
      return from * (1 + ROW_COST * (rows - below));
    }
    int above = rows;
    while (durations[above] == null) {
      above++;
    }
    return below == above ? to : from + (to - from) * (rows - below) / (above - below);
  }

  /** The shortest duration of a step of so many rows or more; infinite if none is known. */
  private double leastFrom(int rows) {
    double least = Double.POSITIVE_INFINITY;
    for (int r = rows; r <= MAX_ROWS; r++) {
      least = durations[r] == null ? least : Math.min(least, durations[r].quartile);
    }
    return least;
  }

  /**
   * Records a step without prompts.
   *
   * @param tokens number of tokens that it gave
   */
  void stepped(int completions, int rows, int tokens, long nanos) {
    steps++;
    if (rows > MAX_ROWS) {
      return;
    }
    for (int r = 1; r <= MAX_ROWS; r++) {
      if (durations[r] != null && steps - durations[r].last > MAX_AGE * durations[r].count()) {
        durations[r] = null;
      }
    }
    if (durations[rows] == null) {
      durations[rows] = new Recent();
    }
    durations[rows].add(nanos);
    durations[rows].last = steps;
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
    Arrays.fill(durations, completions + 1, durations.length, null);
    tried = 0;
    lost = 0;
    share = new RightShare();
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
      share.add(i < rightDrafts);
    }
  }

  /** The last values. */
  private static final class Recent {
    private static final int COUNT = 8;

    private final double[] values = new double[COUNT];
    private int added;

    /** Their lower quartile. */
    private double quartile;

    /** When a value was added last. */
    private long last;

    void add(double value) {
      values[added++ % COUNT] = value;
      double[] sorted = Arrays.copyOf(values, count());
      Arrays.sort(sorted);
      quartile = sorted[(sorted.length - 1) / 4];
    }

    int count() {
      return Math.min(added, COUNT);
    }

    /** Their lower quartile, or another value where there is none. */
    double or(double other) {
      return added == 0 ? other : quartile;
    }
  }
}
