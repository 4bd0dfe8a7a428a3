package gpt.generate;

import gpt.sampling.ChainTrace;
import gpt.sampling.Logprobs;
import java.util.Optional;
import java.util.function.IntPredicate;

/** Where the tokens of texts come from that have the same prompt and are extended together. */
interface Source extends AutoCloseable {

  /** How many texts they are. */
  int texts();

  /** Goes back to the prompt and returns the token that follows it, for each text. */
  int[] start();

  /**
   * Appends to each text the token that was returned for it last, sliding where the contexts are
   * full.
   *
   * @param active which texts go on; what is returned for the others is nothing
   * @return the token that follows, for each text
   */
  int[] next(IntPredicate active);

  /** Log-probabilities of the token that was returned for a text last, if they are wanted. */
  Optional<Logprobs> logprobs(int text);

  /** How the token was drawn that was returned for a text last, if that is wanted. */
  default Optional<ChainTrace> trace(int text) {
    return Optional.empty();
  }

  /** Whether another token would make the texts longer than the model's context. */
  boolean full();

  /** Prompt tokens that the last {@link #start} processed. */
  int prefillTokens();

  /** Time that they took in the model. */
  long prefillNanos();

  @Override
  void close();
}
