package gpt.generate.beam;

import java.util.List;

/**
 * A step of beam search.
 *
 * @param candidates the candidates that the step ranked, best first
 */
public record BeamStep(List<Ranked> candidates) {

  /** What becomes of a candidate. */
  public enum Fate {
    /** It is a beam of the next step; the i-th kept one is beam i. */
    KEPT,
    /** It is a finished completion, which better ones may replace. */
    ENDED,
    /** Better ones took its place. */
    DROPPED
  }

  /**
   * A beam extended by one token.
   *
   * @param beam index of the beam
   * @param id the token
   * @param sum of the log-probabilities of all new tokens, this one included, in nats
   */
  public record Ranked(int beam, int id, double sum, Fate fate) {}
}
