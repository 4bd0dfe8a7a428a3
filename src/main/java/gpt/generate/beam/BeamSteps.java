package gpt.generate.beam;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.sampling.Drawing;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.LogProbabilities;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Steps the beams of a search, one sequence each. A beam's first child continues its parent's
 * sequence, further children continue forks of it. Scores are summed in double precision.
 */
final class BeamSteps implements AutoCloseable {
  private final Engine engine;

  /** Enough for B next beams even if every beam has a candidate for every end id. */
  private final int maxCandidates;

  /**
   * Null if the chain changes no log-probability: then the engine selects the candidates, on the
   * device if it can.
   */
  private final LogProbabilities probabilities;

  private List<Sequence> sequences;
  private Candidate[] candidates;
  private int step;

  /**
   * Opens one sequence and runs no step.
   *
   * @param beams B, the maximum number of open sequences
   */
  BeamSteps(Engine engine, Drawing drawing, int beams) {
    this.engine = engine;
    maxCandidates = beams * Math.max(2, 1 + drawing.stopIds().length);
    int vocabSize = engine.config().vocabSize();
    probabilities =
        drawing.sampling().isPlainGreedy()
            ? null
            : new LogProbabilities(drawing.sampling(), vocabSize, drawing.stopIds());
    sequences = List.of(engine.open());
  }

  /**
   * Starts with one beam, the prompt.
   *
   * @param prompt 1 to block_size ids
   * @return the best candidates, at most max(2, 1 + E)·B for E end ids; best first, of equal scores
   *     the lower beam and then the lower id first
   */
  Candidate[] start(int[] prompt) {
    return step(List.of(new Candidate(0, prompt[0], 0)), prompt);
  }

  /**
   * Makes candidates the new beams and runs a step. No context window may be full.
   *
   * @param picked indices of 1 to B of the candidates returned last
   * @return the next candidates, as {@link #start}
   */
  Candidate[] next(int[] picked) {
    step++;
    List<Candidate> chosen = Arrays.stream(picked).mapToObj(i -> candidates[i]).toList();
    sequences = children(chosen);
    return step(chosen, null);
  }

  /**
   * Returns the sequences of the new beams. Sequences of beams without a child are closed before
   * any is forked, so that no more than B are open.
   */
  private List<Sequence> children(List<Candidate> chosen) {
    Sequence[] next = new Sequence[chosen.size()];
    boolean[] continued = new boolean[sequences.size()];
    for (int i = 0; i < next.length; i++) {
      int parent = chosen.get(i).beam();
      if (!continued[parent]) {
        continued[parent] = true;
        next[i] = sequences.get(parent);
      }
    }
    for (int i = 0; i < continued.length; i++) {
      if (!continued[i]) {
        sequences.get(i).close();
      }
    }
    for (int i = 0; i < next.length; i++) {
      if (next[i] == null) {
        next[i] = sequences.get(chosen.get(i).beam()).fork();
      }
    }
    return List.of(next);
  }

  /**
   * Appends tokens to the beams and returns the next candidates.
   *
   * @param prompt appended to the only beam; null appends each beam's last token
   */
  private Candidate[] step(List<Candidate> beams, int[] prompt) {
    BestCandidates[] found = new BestCandidates[beams.size()]; // of each beam
    List<Work> work = new ArrayList<>();
    for (int i = 0; i < beams.size(); i++) {
      int beam = i;
      double score = beams.get(i).score();
      int[] ids = prompt == null ? new int[] {beams.get(i).id()} : prompt;
      Want want =
          probabilities == null
              ? new Want.Candidates(
                  maxCandidates,
                  (next, values) -> {
                    found[beam] = new BestCandidates(maxCandidates);
                    found[beam].add(beam, score, next, values);
                  })
              : new Want.Logits(
                  1,
                  (pos, logits) -> {
                    found[beam] = new BestCandidates(maxCandidates);
                    found[beam].add(beam, score, probabilities.of(logits, step));
                  });
      work.add(new Work(sequences.get(i), ids, want));
    }
    try {
      engine.step(work);
    } catch (InvalidLogitsException e) {
      throw new GptException(e.getMessage() + " (new token " + (step + 1) + ")", e);
    }
    BestCandidates best = new BestCandidates(maxCandidates);
    for (BestCandidates each : found) {
      best.add(each);
    }
    candidates = best.get();
    return candidates;
  }

  @Override
  public void close() {
    sequences.forEach(Sequence::close);
  }
}
