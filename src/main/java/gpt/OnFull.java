package gpt;

/** What happens when the context window is full: the context has block_size tokens. */
public enum OnFull {
  /**
   * Crops the context to its last block_size tokens and recomputes it for each further token, as
   * nanoGPT does. Prompts longer than block_size are cropped.
   */
  SLIDE,
  /**
   * Drops many tokens from the start of the context at once, half of block_size by default, and
   * recomputes the rest once. So a completion is as fast as before on average, but its tokens have
   * fewer tokens before them, between block_size minus those dropped and block_size, so it differs
   * from one that slides. Prompts longer than block_size are cropped.
   */
  SHIFT,
  /** Ends the completion. Prompts longer than block_size are an error. */
  STOP
}
