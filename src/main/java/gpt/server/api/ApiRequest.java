package gpt.server.api;

import gpt.sampling.SamplingParameters;
import java.util.List;

/**
 * A request for completions, as parsed: its values are valid for some model.
 *
 * @param model the model's name; null if none is given
 * @param prompts the prompts, at least one
 * @param choices completions of each prompt that are returned
 * @param bestOf completions of each prompt that are generated, at least {@code choices}; the
 *     likeliest are returned
 * @param maxTokens maximum number of new tokens of each completion
 * @param stops stop strings
 * @param sampling the sampling chain, with the seed
 * @param logprobs likeliest tokens to return with each token; −1 returns no log-probabilities
 * @param echo whether a completion's text begins with its prompt
 * @param stream whether the response is a stream of events
 * @param usage whether the stream ends with an event that has the usage
 */
public record ApiRequest(
    String model,
    List<Prompt> prompts,
    int choices,
    int bestOf,
    int maxTokens,
    List<String> stops,
    SamplingParameters sampling,
    int logprobs,
    boolean echo,
    boolean stream,
    boolean usage) {

  /** Number of completions that are generated. */
  public int completions() {
    return prompts.size() * bestOf;
  }

  /** The same request with one prompt. */
  ApiRequest of(Prompt prompt) {
    return new ApiRequest(
        model,
        List.of(prompt),
        choices,
        bestOf,
        maxTokens,
        stops,
        sampling,
        logprobs,
        echo,
        stream,
        usage);
  }
}
