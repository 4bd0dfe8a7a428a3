package gpt.generate;

import gpt.model.Backend;
import gpt.model.Backend.Candidate;
import gpt.model.BeamSlots;
import gpt.model.GptException;
import gpt.sampling.Drawing;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.LogProbabilities;
import java.util.Arrays;

/**
 * Beams on any backend, each in a context of its own, their candidates chosen here: the reference
 * for devices that choose them. Scores are sums in double precision.
 */
final class HostBeams implements Backend.BeamBatch {
  private final Backend backend;
  private final LogProbabilities probabilities;
  private final Backend.Session[] sessions;
  private final BeamSlots slots;

  /** So many that each beam may end with each end id, and enough are left. */
  private final int most;

  private Candidate[] candidates;
  private int step;

  /**
   * No beams yet; the model is not run.
   *
   * @param beams B, contexts that are used at most
   */
  HostBeams(Backend backend, Drawing drawing, int beams) {
    this.backend = backend;
    int vocabSize = backend.config().vocabSize();
    probabilities = new LogProbabilities(drawing.sampling(), vocabSize, drawing.stopIds());
    sessions = new Backend.Session[beams];
    most = beams * Math.max(2, 1 + drawing.stopIds().length);
    slots = new BeamSlots(beams);
  }

  @Override
  public Candidate[] start(int[] prompt) {
    BestCandidates best = new BestCandidates(most);
    add(best, 0, 0, session(0).prefill(prompt));
    return candidates(best);
  }

  @Override
  public Candidate[] next(int[] picked) {
    step++;
    Candidate[] beams =
        Arrays.stream(picked).mapToObj(i -> candidates[i]).toArray(Candidate[]::new);
    int[] sources = slots.next(Arrays.stream(beams).mapToInt(Candidate::beam).toArray());
    for (int slot = 0; slot < sources.length; slot++) {
      if (sources[slot] != slot) {
        session(slot).copyFrom(sessions[sources[slot]]);
      }
    }
    BestCandidates best = new BestCandidates(most);
    for (int beam = 0; beam < beams.length; beam++) {
      float[] logits = sessions[slots.of(beam)].decode(beams[beam].id());
      add(best, beam, beams[beam].score(), logits);
    }
    return candidates(best);
  }

  private Backend.Session session(int slot) {
    if (sessions[slot] == null) {
      sessions[slot] = backend.newSession();
    }
    return sessions[slot];
  }

  private void add(BestCandidates best, int beam, double score, float[] logits) {
    try {
      best.add(beam, score, probabilities.of(logits, step));
    } catch (InvalidLogitsException e) {
      throw new GptException(
          e.getMessage() + " (beam " + beam + ", new token " + (step + 1) + ")", e);
    }
  }

  private Candidate[] candidates(BestCandidates best) {
    candidates = best.get();
    return candidates;
  }

  @Override
  public void close() {
    for (Backend.Session session : sessions) {
      if (session != null) {
        session.close();
      }
    }
  }
}
