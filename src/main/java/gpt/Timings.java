package gpt;

import java.util.OptionalDouble;

/**
 * Durations of one completion. The duration of a step is divided among its completions by their
 * number of rows, so the figures of several completions can be added.
 *
 * @param timeToFirstTokenSeconds from the request until the first token is drawn; 0 without a token
 * @param prefillTokens prompt tokens computed for this completion, without a prefix that was reused
 *     from another sequence
 * @param prefillSeconds time to compute them
 * @param decodeTokens new tokens after the first
 * @param decodeSeconds time to compute and sample them, without the listener's time
 */
public record Timings(
    double timeToFirstTokenSeconds,
    int prefillTokens,
    double prefillSeconds,
    int decodeTokens,
    double decodeSeconds) {

  /** Prompt tokens per second; empty if none were computed. */
  public OptionalDouble prefillTokensPerSecond() {
    return rate(prefillTokens, prefillSeconds);
  }

  /** New tokens per second, without the first; empty if there are none. */
  public OptionalDouble decodeTokensPerSecond() {
    return rate(decodeTokens, decodeSeconds);
  }

  /** Adds another completion's tokens and seconds; keeps this one's time to the first token. */
  public Timings plus(Timings later) {
    return new Timings(
        timeToFirstTokenSeconds,
        prefillTokens + later.prefillTokens,
        prefillSeconds + later.prefillSeconds,
        decodeTokens + later.decodeTokens,
        decodeSeconds + later.decodeSeconds);
  }

  private static OptionalDouble rate(int tokens, double seconds) {
    return tokens > 0 && seconds > 0 ? OptionalDouble.of(tokens / seconds) : OptionalDouble.empty();
  }
}
