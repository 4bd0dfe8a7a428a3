package gpt.generate.draft;

import java.util.List;

/**
 * Speculative decoding: has a {@link Drafter} guess tokens, as many as {@link DraftCount} says, and
 * passes it the durations of drafts and steps, and how many drafts were right.
 */
public final class Speculation {
  /**
   * Tokens of a completion from which on preparing drafts pays off. Packing GPT-2 in q4 and
   * compiling its kernels takes as much processor time as 137 tokens: 3% of so many. A fifth of it
   * is the packing.
   */
  public static final int MIN_TOKENS = 4_500;

  private final Drafter drafter;
  private final DraftCount count = new DraftCount();

  /** Nanoseconds that the current step's drafts took; 0 without drafts. */
  private long draftedNanos;

  /** Number of steps that decoded before drafts are ready. */
  private long steps;

  /**
   * Drafts with a drafter.
   *
   * @param drafter belongs to the caller
   */
  public Speculation(Drafter drafter) {
    this.drafter = drafter;
  }

  /** Sets the drafts of the next step. */
  public void draft(List<DraftedCompletion> decoding) {
    draftedNanos = 0;
    if (!drafter.isWarm()) {
      prepare(decoding);
      return;
    }
    List<DraftedCompletion> able =
        decoding.stream().filter(each -> each.maxDrafts() > 0 && drafter.proposes(each)).toList();
    int max = count.next(decoding.size(), able.size(), drafter.share(able));
    if (max == 0) {
      return;
    }
    long begin = System.nanoTime();
    drafter.catchUp(able);
    long caughtUp = System.nanoTime();
    drafter.draft(able, max);
    int drafts = able.stream().mapToInt(DraftedCompletion::drafts).sum();
    if (drafts > 0) { // else no draft could be drawn
      long now = System.nanoTime();
      count.drafted(drafts, now - caughtUp);
      draftedNanos = now - begin;
    }
  }

  /** Prepares drafts if enough tokens have been or may be decoded. */
  private void prepare(List<DraftedCompletion> decoding) {
    steps += decoding.isEmpty() ? 0 : 1;
    int remaining = decoding.stream().mapToInt(DraftedCompletion::remaining).max().orElse(0);
    if (steps + remaining >= MIN_TOKENS) {
      drafter.prepare();
    }
  }

  /** Nanoseconds that the current step's drafts took; 0 without drafts. */
  public long draftedNanos() {
    return draftedNanos;
  }

  /**
   * Records a step without prompts.
   *
   * @param tokens number of tokens that it gave
   */
  public void stepped(int completions, int rows, int tokens, long nanos) {
    count.stepped(completions, rows, tokens, nanos);
  }

  /**
   * Records how many of a completion's drafts were right.
   *
   * @param drafts number of drafts, at least 1
   * @param rightDrafts how many of them, from the first on, were right
   */
  public void verified(int drafts, int rightDrafts) {
    count.verified(drafts, rightDrafts);
    drafter.count(drafts, rightDrafts);
  }

  /** Frees what belongs to a completion that has ended. */
  public void ended(DraftedCompletion completion) {
    drafter.ended(completion);
  }
}
