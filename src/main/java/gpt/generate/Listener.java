package gpt.generate;

import gpt.generate.beam.BeamStep;
import gpt.sampling.ChainTrace;
import gpt.sampling.Logprobs;

/**
 * Receives the tokens of a request's completions as they are generated, on the thread that called
 * the {@link Generator}. An exception from a listener cancels the request and reaches the caller.
 */
@FunctionalInterface
public interface Listener {

  /**
   * Called for each new token.
   *
   * @param sample index of the completion
   * @param id the token
   * @param text the text that is final with this token: whole characters that belong to no stop
   *     string. It may be empty, and is without a tokenizer. Concatenated, these texts are {@link
   *     FinishedCompletion#text}.
   * @return true to continue; false cancels this completion and all further ones of the request
   */
  boolean token(int sample, int id, String text);

  /**
   * Called before the first token if the prompt is longer than the context window and its beginning
   * is cut off.
   *
   * @param given number of ids in the prompt
   * @param kept number of ids that the model sees: the last block_size
   */
  default void promptCropped(int given, int kept) {}

  /** Called before {@link #token} with its log-probabilities, for requests that ask for them. */
  default void logprobs(int sample, Logprobs logprobs) {}

  /** Called before {@link #token} with the trace of its token, for traced requests only. */
  default void traced(int sample, ChainTrace trace) {}

  /** Called after each step of beam search, which extends every beam by a token. */
  default void searched(BeamStep step) {}

  /**
   * Who waits for the completions: where not all can run at once, callers take turns. By default
   * each listener is one.
   */
  default Object caller() {
    return this;
  }

  /** Called when a completion has ended. */
  default void ended(FinishedCompletion completion) {}
}
