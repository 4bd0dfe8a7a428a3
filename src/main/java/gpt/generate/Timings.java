package gpt.generate;

import java.util.OptionalDouble;

/**
 * Where the time of one text went. A step that serves several texts counts with each by its share
 * of the step's rows, so that the figures of all may be added up.
 *
 * @param timeToFirstTokenSeconds from the request until the text's first token is drawn; 0 without
 *     one
 * @param prefillTokens prompt tokens processed for this text, without those that another text's
 *     sequence had
 * @param prefillSeconds time they took in the model
 * @param decodeTokens tokens after the first
 * @param decodeSeconds time they took in the model and the sampler, without the listener
 */
public record Timings(
    double timeToFirstTokenSeconds,
    int prefillTokens,
    double prefillSeconds,
    int decodeTokens,
    double decodeSeconds) {

  /** Prompt tokens a second; empty where none were processed. */
  public OptionalDouble prefillTokensPerSecond() {
    return rate(prefillTokens, prefillSeconds);
  }

  /** Tokens a second after the first; empty where there were none. */
  public OptionalDouble decodeTokensPerSecond() {
    return rate(decodeTokens, decodeSeconds);
  }

  /** Both texts' work; the time to the first token stays this one's. */
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
