package gpt.generate;

import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Speculative decoding: has a {@link Drafter} guess tokens, as many as pay off. It estimates the
 * tokens per second for each number of drafts from what it has measured: how long a step of so many
 * rows takes, how long a draft takes, and how many drafts were right. Where drafts do not pay off,
 * it stops drafting for a number of steps, which doubles each time, then tries again.
 */
final class Speculation {
  /** Maximum rows of a step with drafts; more are no faster than the same rows in two steps. */
  private static final int MAX_ROWS = 16;

  /** Minimum gain in speed for which drafts are worth a try. */
  private static final double MIN_GAIN = 1.03;

  /** How much longer than a step of {@code r} rows one of a row more is assumed to take. */
  private static final double ROW_COST = 0.1;

  /** Steps of a trial, and drafts of each completion in it. */
  private static final int TRIAL_STEPS = 2;

  private static final int TRIAL_DRAFTS = 3;

  /** Steps that drafts, if they are mostly right, get beyond a trial, for the JIT to compile. */
  private static final int WARM_UP_STEPS = 24;

  private static final double MOSTLY = 0.7;

  private static final int MIN_PAUSE = 32;
  private static final int MAX_PAUSE = 1024;

  /** Weight of the past in the share of right drafts, for each new draft. */
  private static final double DECAY = 0.98;

  private final Drafter drafter;

  /** Nanoseconds of a decode step by its number of rows: recent minimum. */
  private final NavigableMap<Integer, Double> stepNanos = new TreeMap<>();

  private double draftNanos;
  private double right = 3;
  private double verified = 4;
  private int trial = TRIAL_STEPS;
  private int warmUp = WARM_UP_STEPS;
  private int paused;
  private int pause = MIN_PAUSE;

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
    List<RunningCompletion> drafting =
        decoding.stream().filter(completion -> completion.maxDrafts() > 0).toList();
    int max = drafting.isEmpty() ? 0 : choose(decoding.size());
    if (max <= 0) {
      return;
    }
    long begin = System.nanoTime();
    drafter.draft(drafting, max);
    int drafts = drafting.stream().mapToInt(RunningCompletion::drafts).sum();
    if (drafts > 0) { // else the drafter has nothing to propose, and nothing was tried
      draftNanos = recent(draftNanos, (double) (System.nanoTime() - begin) / drafts);
      trial = Math.max(0, trial - 1);
    }
  }

  /**
   * The number of drafts for each of {@code completions} that gives the most tokens per second; 0
   * or less for none.
   */
  private int choose(int completions) {
    int most = MAX_ROWS / completions - 1;
    if (paused > 0) {
      paused--;
      return 0;
    }
    if (trial > 0) {
      return Math.min(most, TRIAL_DRAFTS);
    }
    double share = right / verified;
    double fastest = MIN_GAIN / stepNanos(completions);
    int best = 0;
    double tokens = 1;
    double allRight = 1;
    for (int drafts = 1; drafts <= most; drafts++) {
      allRight *= share;
      tokens += allRight;
      double nanos = stepNanos(completions * (drafts + 1)) + completions * drafts * draftNanos;
      if (tokens / nanos > fastest) {
        fastest = tokens / nanos;
        best = drafts;
      }
    }
    if (best == 0 && warmUp > 0 && share >= MOSTLY) {
      warmUp--;
      return Math.min(most, TRIAL_DRAFTS);
    }
    if (best == 0) {
      paused = pause;
      trial = TRIAL_STEPS;
      pause = Math.min(2 * pause, MAX_PAUSE);
      right = 4 * share; // what the trial finds shall count more than the past
      verified = 4;
    } else {
      pause = MIN_PAUSE;
    }
    return best;
  }

  /** Estimated duration of a step of so many rows. */
  private double stepNanos(int rows) {
    Map.Entry<Integer, Double> below = stepNanos.floorEntry(rows);
    Map.Entry<Integer, Double> above = stepNanos.ceilingEntry(rows);
    if (below == null) {
      return above == null ? 1 : above.getValue();
    }
    if (above == null) {
      return below.getValue() * (1 + ROW_COST * (rows - below.getKey()));
    }
    int distance = above.getKey() - below.getKey();
    double position = distance == 0 ? 0 : (double) (rows - below.getKey()) / distance;
    return below.getValue() + position * (above.getValue() - below.getValue());
  }

  /** Records the duration of a step without prompts. */
  void stepped(int rows, long nanos) {
    stepNanos.merge(rows, (double) nanos, Speculation::recent);
  }

  /** The recent minimum: what disturbed one step counts little. */
  private static double recent(double before, double now) {
    return before == 0 || now < before ? now : before + 0.1 * (now - before);
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
}
