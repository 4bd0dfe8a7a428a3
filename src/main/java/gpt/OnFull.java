package gpt;

/** What happens when the context window is full: the context has block_size tokens. */
public enum OnFull {
  /**
   * Crops the context to its last block_size tokens and recomputes it for each further token, as
   * nanoGPT does. Prompts longer than block_size are cropped.
   */
  SLIDE,
  /** Ends the completion. Prompts longer than block_size are an error. */
  STOP
}
