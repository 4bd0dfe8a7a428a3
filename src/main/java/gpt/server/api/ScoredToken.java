package gpt.server.api;

import gpt.sampling.Logprobs;

/**
 * A token with its log-probabilities.
 *
 * @param id the token
 * @param offset characters (code points) before it, from the start of the prompt
 * @param logprobs its log-probabilities; null for a prompt's first token, which has none
 */
record ScoredToken(int id, int offset, Logprobs logprobs) {}
