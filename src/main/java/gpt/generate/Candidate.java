package gpt.generate;

/**
 * A beam with one more token.
 *
 * @param beam index of the beam
 * @param id the token
 * @param score sum of the log-probabilities of the new tokens, this one included
 */
record Candidate(int beam, int id, double score) {}
