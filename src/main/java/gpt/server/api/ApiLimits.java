package gpt.server.api;

/**
 * What one request may ask for.
 *
 * @param maxChoices maximum number of completions: prompts × the larger of {@code n} and {@code
 *     best_of}
 * @param maxTokens maximum of {@code max_tokens}
 */
public record ApiLimits(int maxChoices, int maxTokens) {
  /** Maximum depth of JSON; what is understood needs 4. */
  static final int MAX_DEPTH = 16;

  /** Maximum number of stop strings; OpenAI's is 4. */
  static final int MAX_STOPS = 16;

  /** Maximum of {@code logprobs} and {@code top_logprobs}: what a device has buffers for. */
  public static final int MAX_LOGPROBS = 20;

  /** Maximum number of messages in a chat. */
  static final int MAX_MESSAGES = 1024;

  /** Without limits of one's own. */
  public static final ApiLimits DEFAULT = new ApiLimits(128, Integer.MAX_VALUE);
}
