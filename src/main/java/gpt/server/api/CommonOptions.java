package gpt.server.api;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/** The options that completions and chats share. Their defaults are OpenAI's. */
final class CommonOptions {
  /** The names that {@link #read} understands. */
  static final Set<String> NAMES =
      BodyReader.names(
          SamplingFields.NAMES,
          "model",
          "n",
          "max_tokens",
          "min_tokens",
          "stop",
          "stream",
          "stream_options",
          "user");

  private final ApiLimits limits;
  private final SamplingFields sampling;
  private String model;
  private int choices = 1;
  private int maxTokens;
  private int minTokens;
  private List<String> stops = List.of();
  private boolean stream;
  private boolean streamOptions;
  private boolean usage;

  /**
   * Creates the defaults.
   *
   * @param seeds returns the seed of a request that has none
   */
  CommonOptions(ApiLimits limits, int maxTokens, LongSupplier seeds) {
    this.limits = limits;
    this.maxTokens = maxTokens;
    sampling = new SamplingFields(seeds);
  }

  /** Reads one of the {@link #NAMES}. */
  void read(BodyReader body, String name) throws IOException {
    switch (name) {
      case "model" -> model = body.text(name);
      case "n" -> choices = body.whole(name, 1, limits.maxChoices());
      case "max_tokens" -> maxTokens(body, name);
      case "min_tokens" -> minTokens = body.whole(name, 0, Integer.MAX_VALUE);
      case "stop" -> stops = stops(body, name);
      case "stream" -> stream = body.flag(name);
      case "stream_options" -> {
        streamOptions = true;
        body.object(
            name, Set.of("include_usage"), option -> usage = body.flag(name + "." + option));
      }
      case "user" -> body.text(name); // for the caller's own records
      default -> sampling.read(body, name);
    }
  }

  /** Reads the maximum of new tokens, which has two names. */
  void maxTokens(BodyReader body, String name) throws IOException {
    maxTokens = body.whole(name, 0, limits.maxTokens());
  }

  private static List<String> stops(BodyReader body, String name) throws IOException {
    List<String> stops = body.texts(name, ApiLimits.MAX_STOPS);
    if (stops.contains("")) {
      throw ApiException.invalid(name, "stop must not be an empty string");
    }
    return stops;
  }

  int choices() {
    return choices;
  }

  boolean stream() {
    return stream;
  }

  /**
   * Checks what concerns several options and makes the request.
   *
   * @param prompts the prompts; empty for a chat, whose prompt depends on the model
   * @param bestOf completions to generate of each prompt
   */
  ApiRequest request(List<Prompt> prompts, int bestOf, int logprobs, boolean echo) {
    if (minTokens > maxTokens) {
      throw ApiException.invalid(
          "min_tokens",
          "min_tokens must be at most max_tokens, found " + minTokens + " and " + maxTokens);
    }
    if (streamOptions && !stream) {
      throw ApiException.invalid("stream_options", "stream_options needs \"stream\": true");
    }
    long completions = (long) prompts.size() * bestOf;
    if (completions > limits.maxChoices()) {
      throw ApiException.invalid(
          "prompt",
          "a request may have " + limits.maxChoices() + " completions, found " + completions);
    }
    return new ApiRequest(
        model,
        prompts,
        choices,
        bestOf,
        maxTokens,
        new ArrayList<>(stops),
        sampling.parameters(minTokens),
        logprobs,
        echo,
        stream,
        usage);
  }
}
