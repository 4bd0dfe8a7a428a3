package gpt.server.api;

import gpt.sampling.SamplingParameters;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/** The options that completions and chats share. Their defaults are OpenAI's. */
final class CommonOptions {
  /** The names that {@link #read} understands. */
  static final Set<String> NAMES =
      Set.of(
          "model",
          "n",
          "max_tokens",
          "min_tokens",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "typical_p",
          "repetition_penalty",
          "presence_penalty",
          "frequency_penalty",
          "logit_bias",
          "seed",
          "stop",
          "stream",
          "stream_options",
          "user");

  /** Seeds that are drawn fit into a JavaScript number, so that every client can send them back. */
  private static final long DRAWN_SEEDS = 1L << 53;

  private static final int MAX_BIASES = 1 << 16;

  private final ApiLimits limits;
  private final LongSupplier seeds;
  private final SamplingParameters.Builder sampling = SamplingParameters.builder();
  private String model;
  private int choices = 1;
  private int maxTokens;
  private int minTokens;
  private boolean hasSeed;
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
    this.seeds = seeds;
  }

  /** Draws a seed. */
  static long drawnSeed() {
    return ThreadLocalRandom.current().nextLong(DRAWN_SEEDS);
  }

  /** Reads one of the {@link #NAMES}. */
  void read(BodyReader body, String name) throws IOException {
    switch (name) {
      case "model" -> model = body.text(name);
      case "n" -> choices = body.whole(name, 1, limits.maxChoices());
      case "max_tokens" -> maxTokens(body, name);
      case "min_tokens" -> minTokens = body.whole(name, 0, Integer.MAX_VALUE);
      case "temperature" -> sampling.temperature(body.real(name, 0, false, 1000));
      case "top_p" -> sampling.topP(body.real(name, 0, true, 1));
      case "top_k" -> sampling.topK(body.whole(name, 0, Integer.MAX_VALUE));
      case "min_p" -> sampling.minP(body.real(name, 0, false, 1));
      case "typical_p" -> sampling.typicalP(body.real(name, 0, true, 1));
      case "repetition_penalty" -> sampling.repetitionPenalty(body.real(name, 0.001, false, 1000));
      case "presence_penalty" -> sampling.presencePenalty(body.real(name, -100, false, 100));
      case "frequency_penalty" -> sampling.frequencyPenalty(body.real(name, -100, false, 100));
      case "logit_bias" -> sampling.logitBias(biases(body, name));
      case "seed" -> {
        sampling.seed(body.whole(name, Long.MIN_VALUE, Long.MAX_VALUE));
        hasSeed = true;
      }
      case "stop" -> stops = stops(body, name);
      case "stream" -> stream = body.flag(name);
      case "stream_options" -> {
        streamOptions = true;
        body.object(
            name, Set.of("include_usage"), option -> usage = body.flag(name + "." + option));
      }
      case "user" -> body.text(name); // for the caller's own records
      default -> throw new IllegalArgumentException(name);
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

  private static Map<Integer, Double> biases(BodyReader body, String name) throws IOException {
    Map<Integer, Double> biases = new TreeMap<>();
    body.map(
        name,
        id -> {
          if (!id.matches("[0-9]{1,9}")) {
            throw ApiException.invalid(
                name, "logit_bias must have token ids as its names, found '" + id + "'");
          }
          double bias = body.real(name, -100, false, 100);
          if (biases.put(Integer.valueOf(id), bias) != null) {
            throw ApiException.invalid(name, "logit_bias has id " + id + " twice");
          }
          if (biases.size() > MAX_BIASES) {
            throw ApiException.invalid(name, "logit_bias has more than " + MAX_BIASES + " ids");
          }
        });
    return biases;
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
    if (!hasSeed) {
      sampling.seed(seeds.getAsLong());
    }
    return new ApiRequest(
        model,
        prompts,
        choices,
        bestOf,
        maxTokens,
        new ArrayList<>(stops),
        sampling.minNewTokens(minTokens).build(),
        logprobs,
        echo,
        stream,
        usage);
  }
}
