package gpt.generate.draft;

/** The share of drafts that are right, the last ones first: each new one takes 2% of the weight. */
final class RightShare {
  /** The share at the start, and the number of drafts that it counts for. */
  private static final double FIRST = 0.75;

  private static final double FIRST_COUNT = 2;

  /** Weight of the past, for each new draft. */
  private static final double DECAY = 0.98;

  private double right = FIRST * FIRST_COUNT;
  private double verified = FIRST_COUNT;

  /** Counts a draft whose predecessors are right. */
  void add(boolean isRight) {
    verified = DECAY * verified + 1;
    right = DECAY * right + (isRight ? 1 : 0);
  }

  /** From 0 to 1. */
  double value() {
    return right / verified;
  }
}
