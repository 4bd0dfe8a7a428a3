package gpt.generate;

import java.util.Arrays;

/** The best of many candidates, without sorting those that are not among them. */
final class BestCandidates {
  private final Candidate[] best;
  private int count;

  /** So many are kept. */
  BestCandidates(int most) {
    best = new Candidate[most];
  }

  /**
   * Takes a beam's candidates, all beams in order: an equal one that came before stays before.
   *
   * @param score of the beam
   * @param logProbabilities of its next ids (V); −∞ is no candidate
   */
  void add(int beam, double score, double[] logProbabilities) {
    for (int id = 0; id < logProbabilities.length; id++) {
      add(beam, id, score + logProbabilities[id]);
    }
  }

  /** As {@link #add(int, double, double[])}, of some ids in the order of preference. */
  void add(int beam, double score, int[] ids, double[] logProbabilities) {
    for (int i = 0; i < ids.length; i++) {
      add(beam, ids[i], score + logProbabilities[i]);
    }
  }

  private void add(int beam, int id, double sum) {
    boolean among = count < best.length || sum > best[count - 1].score();
    if (among && sum > Double.NEGATIVE_INFINITY) {
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

  /** Those kept, the best first. */
  Candidate[] get() {
    return Arrays.copyOf(best, count);
  }
}
