package gpt.generate;

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
 * The beams of a search, a sequence each. A beam's first child goes on in its parent's sequence,
 * further children in forks of it. Scores are sums in double precision.
 */
final class BeamSteps implements AutoCloseable {
  private final Engine engine;

  /** Candidates: so many that each beam may end with each end id, and enough are left. */
  private final int most;

  /** Null where the chain changes no log-probability, so that the engine may choose candidates. */
  private final LogProbabilities probabilities;

  private List<Sequence> sequences;
  private Candidate[] candidates;
  private int step;

  /**
   * No beams yet; the model is not run.
   *
   * @param beams B, sequences that are used at most
   */
  BeamSteps(Engine engine, Drawing drawing, int beams) {
    this.engine = engine;
    most = beams * Math.max(2, 1 + drawing.stopIds().length);
    int vocabSize = engine.config().vocabSize();
    probabilities =
        drawing.sampling().isPlainGreedy()
            ? null
            : new LogProbabilities(drawing.sampling(), vocabSize, drawing.stopIds());
    sequences = List.of(engine.open());
  }

  /**
   * Begins with one beam, the prompt.
   *
   * @param prompt at least one id, and no more than block_size
   * @return the best candidates, 2·B or, with E end ids, (1 + E)·B, fewer where there are not so
   *     many; the best first, among equals the lower beam and then the lower id
   */
  Candidate[] start(int[] prompt) {
    return step(List.of(new Candidate(0, prompt[0], 0)), prompt);
  }

  /**
   * Goes on with candidates in place of the beams; no context may be full.
   *
   * @param picked indices into the candidates returned last, 1 to B of them
   * @return the next candidates, as {@link #start} does
   */
  Candidate[] next(int[] picked) {
    step++;
    List<Candidate> chosen = Arrays.stream(picked).mapToObj(i -> candidates[i]).toList();
    sequences = children(chosen);
    return step(chosen, null);
  }

  /** The sequences of new beams; those of beams without a child are closed before any is forked. */
  private List<Sequence> children(List<Candidate> chosen) {
    Sequence[] next = new Sequence[chosen.size()];
    boolean[] taken = new boolean[sequences.size()];
    for (int i = 0; i < next.length; i++) {
      int parent = chosen.get(i).beam();
      if (!taken[parent]) {
        taken[parent] = true;
        next[i] = sequences.get(parent);
      }
    }
    for (int i = 0; i < taken.length; i++) {
      if (!taken[i]) {
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
   * Appends the beams' tokens and finds the candidates that follow.
   *
   * @param prompt what the only beam appends; null for each beam's own token
   */
  private Candidate[] step(List<Candidate> of, int[] prompt) {
    BestCandidates best = new BestCandidates(most);
    List<Work> work = new ArrayList<>();
    for (int i = 0; i < of.size(); i++) {
      int beam = i;
      double score = of.get(i).score();
      int[] ids = prompt == null ? new int[] {of.get(i).id()} : prompt;
      Want want =
          probabilities == null
              ? new Want.Candidates(most, (next, values) -> best.add(beam, score, next, values))
              : new Want.Logits(
                  1, (pos, logits) -> best.add(beam, score, probabilities.of(logits, step)));
      work.add(new Work(sequences.get(i), ids, want));
    }
    try {
      engine.step(work);
    } catch (InvalidLogitsException e) {
      throw new GptException(e.getMessage() + " (new token " + (step + 1) + ")", e);
    }
    candidates = best.get();
    return candidates;
  }

  @Override
  public void close() {
    sequences.forEach(Sequence::close);
  }
}
