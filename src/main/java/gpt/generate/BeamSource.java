package gpt.generate;

/** Where beam search's candidates come from. */
interface BeamSource extends AutoCloseable {

  /**
   * A beam with one more token.
   *
   * @param beam index of the beam
   * @param id the token
   * @param score sum of the log-probabilities of the new tokens, this one included
   */
  record Candidate(int beam, int id, double score) {}

  /**
   * Begins with one beam, the prompt.
   *
   * @return the 2·B best candidates, fewer where there are not so many; the best first, among
   *     equals the lower beam and then the lower id
   */
  Candidate[] start(int[] prompt);

  /**
   * Goes on with candidates in place of the beams; no context may be full.
   *
   * @param picked indices into the candidates returned last, 1 to B of them
   * @return the next candidates, as {@link #start} does
   */
  Candidate[] next(int[] picked);

  @Override
  void close();
}
