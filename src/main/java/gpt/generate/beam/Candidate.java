package gpt.generate.beam;

/**
 * A beam extended by one token.
 *
 * @param beam index of the beam
 * @param id the token
 * @param score sum of the log-probabilities of all new tokens, this one included, in nats
 */
record Candidate(int beam, int id, double score) {}
