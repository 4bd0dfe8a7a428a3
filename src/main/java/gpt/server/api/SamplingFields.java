package gpt.server.api;

import gpt.sampling.SamplingParameters;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/** The options of the sampling chain in a request. Their defaults are OpenAI's. */
public final class SamplingFields {
  /** The names that {@link #read} understands. */
  public static final Set<String> NAMES =
      Set.of(
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "typical_p",
          "repetition_penalty",
          "presence_penalty",
          "frequency_penalty",
          "logit_bias",
          "seed");

  /** Seeds that are drawn fit into a JavaScript number, so that every client can send them back. */
  private static final long DRAWN_SEEDS = 1L << 53;

  private static final int MAX_BIASES = 1 << 16;

  private final LongSupplier seeds;
  private final SamplingParameters.Builder sampling = SamplingParameters.builder();
  private boolean hasSeed;

  /**
   * Creates the defaults.
   *
   * @param seeds returns the seed where none is given
   */
  public SamplingFields(LongSupplier seeds) {
    this.seeds = seeds;
  }

  /** Draws a seed. */
  public static long drawnSeed() {
    return ThreadLocalRandom.current().nextLong(DRAWN_SEEDS);
  }

  /** Reads one of the options. */
  public void read(BodyReader body, String name) throws IOException {
    switch (name) {
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
      default -> throw new IllegalArgumentException(name);
    }
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

  /** The parameters. */
  public SamplingParameters parameters(int minNewTokens) {
    if (!hasSeed) {
      sampling.seed(seeds.getAsLong());
    }
    return sampling.minNewTokens(minNewTokens).build();
  }
}
