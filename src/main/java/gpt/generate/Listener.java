package gpt.generate;

import gpt.sampling.ChainTrace;

/** Follows a generation while it runs, on the thread that runs it. What it throws ends the run. */
@FunctionalInterface
public interface Listener {

  /**
   * A token was drawn.
   *
   * @param sample index of the text it belongs to
   * @param id the token
   * @param text what can be printed now: whole characters that no stop string can take back. It may
   *     be empty. All of them together are the {@link Generation#text}. Empty without a tokenizer.
   * @return whether to go on; after false nothing more is generated, further samples included
   */
  boolean token(int sample, int id, String text);

  /**
   * The prompt is longer than the context, and its beginning is left out. Called before anything is
   * generated.
   *
   * @param given ids in the prompt
   * @param kept ids that the model sees, the last block_size
   */
  default void promptCropped(int given, int kept) {}

  /**
   * How the token was drawn that {@link #token} is called with next; only where the request is
   * traced.
   */
  default void traced(int sample, ChainTrace trace) {}

  /** Beam search has made a step: each of its texts is a token longer. */
  default void searched() {}

  /** A text has ended. */
  default void ended(Generation generation) {}
}
