package gpt.generate.beam;

import java.util.Arrays;

/** The best n of many candidates, kept sorted by insertion. */
final class BestCandidates {
  private final Candidate[] best;
  private int count;

  /** Keeps the best {@code n}. */
  BestCandidates(int n) {
    best = new Candidate[n];
  }

  /**
   * Adds a beam's candidates. Beams are added in order: of equal scores the one added first ranks
   * higher.
   *
   * @param score the beam's score
   * @param logProbabilities of the next id (V), in nats; −∞ excludes an id
   */
  void add(int beam, double score, double[] logProbabilities) {
    for (int id = 0; id < logProbabilities.length; id++) {
      add(beam, id, score + logProbabilities[id]);
    }
  }

  /** As {@link #add(int, double, double[])}, for selected ids, best first. */
  void add(int beam, double score, int[] ids, double[] logProbabilities) {
    for (int i = 0; i < ids.length; i++) {
      add(beam, ids[i], score + logProbabilities[i]);
    }
  }

  /** Adds another beam's best candidates. */
  void add(BestCandidates beam) {
    for (int i = 0; i < beam.count; i++) {
      add(beam.best[i].beam(), beam.best[i].id(), beam.best[i].score());
    }
  }

  private void add(int beam, int id, double sum) {
    boolean ranks = count < best.length || sum > best[count - 1].score();
    if (ranks && sum > Double.NEGATIVE_INFINITY) {
      insert(new Candidate(beam, id, sum));
    }
  }

  private void insert(Candidate candidate) {
    int at = count < best.length ? count++ : count - 1;
    while (at > 0 && best[at - 1].score() < candidate.score()) {
      best[at] = best[at - 1];
      at--;
    }
    best[at] = candidate;
  }

  /** Returns the candidates kept, best first. */
  Candidate[] get() {
    return Arrays.copyOf(best, count);
  }
}
