package gpt;

/** What happens when the context holds block_size tokens and another one is wanted. */
public enum OnFull {
  /**
   * As nanoGPT: crop to the last block_size tokens and recompute, for each further token. A longer
   * prompt is cropped too.
   */
  SLIDE,
  /** The text ends. A longer prompt is an error. */
  STOP
}
