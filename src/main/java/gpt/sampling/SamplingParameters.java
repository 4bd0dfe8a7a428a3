package gpt.sampling;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The parameters of the sampling chain. Its steps run in the order of the components; each is off
 * at its neutral value.
 *
 * @param repetitionPenalty divides the positive logits of tokens in the prompt or completion and
 *     multiplies their other logits (Keskar et al. 2019); 1 is off
 * @param frequencyPenalty subtracted from a token's logit for each time it was generated; 0 is off
 * @param presencePenalty subtracted once from the logit of a token that was generated; 0 is off
 * @param logitBias added to the logits of these token ids; −∞ bans one
 * @param minNewTokens bans the stop ids until the completion has this many tokens; 0 is off
 * @param temperature divides the logits; 0 is greedy: takes the largest logit, and the parameters
 *     below have no effect
 * @param topK keeps the k largest logits and ties with the k-th; 0 is off
 * @param topP keeps the likeliest tokens up to and including the one at which their probabilities
 *     add up to p; 1 is off
 * @param minP keeps tokens at least p times as likely as the likeliest; 0 is off
 * @param typicalP keeps the tokens whose information is closest to the entropy, up to and including
 *     the one at which their probabilities add up to p (Meister et al. 2022); 1 is off
 * @param seed key of the random numbers
 */
public record SamplingParameters(
    double repetitionPenalty,
    double frequencyPenalty,
    double presencePenalty,
    Map<Integer, Double> logitBias,
    int minNewTokens,
    double temperature,
    int topK,
    double topP,
    double minP,
    double typicalP,
    long seed) {

  /** Bounds of the repetition penalty, so that it and its inverse do not overflow a float logit. */
  private static final double MIN_REPETITION_PENALTY = 1e-3;

  private static final double MAX_REPETITION_PENALTY = 1e3;

  /** Bound of the absolute value of the two other penalties. */
  private static final double MAX_PENALTY = 100;

  /** Bound of a finite bias; beyond it the bias decides alone, as an infinite one. */
  private static final double MAX_BIAS = 1e30;

  /**
   * At higher temperatures the fixed-point numbers of {@link Weight} cannot distinguish
   * probabilities, and top-k would find ties where there are none.
   */
  private static final double MAX_TEMPERATURE = 1000;

  /** Checks the ranges. */
  public SamplingParameters {
    check(
        repetitionPenalty >= MIN_REPETITION_PENALTY && repetitionPenalty <= MAX_REPETITION_PENALTY,
        "repetition-penalty must be from 0.001 to 1000, 1 being off",
        repetitionPenalty);
    check(
        Math.abs(frequencyPenalty) <= MAX_PENALTY,
        "frequency-penalty must be from -100 to 100, 0 being off",
        frequencyPenalty);
    check(
        Math.abs(presencePenalty) <= MAX_PENALTY,
        "presence-penalty must be from -100 to 100, 0 being off",
        presencePenalty);
    logitBias = Collections.unmodifiableMap(new TreeMap<>(logitBias));
    logitBias.forEach(
        (id, bias) -> {
          check(id >= 0, "logit-bias: an id must be 0 or more", id);
          check(
              bias == Double.NEGATIVE_INFINITY || Math.abs(bias) <= MAX_BIAS,
              "logit-bias of id " + id + " must be a number up to 1e30, or -inf to ban it",
              bias);
        });
    check(minNewTokens >= 0, "min-new-tokens must be 0 (off) or more", minNewTokens);
    check(
        temperature >= 0 && temperature <= MAX_TEMPERATURE,
        "temperature must be 0 (greedy) or a positive number up to 1000",
        temperature);
    check(topK >= 0, "top-k must be 0 (off) or more", topK);
    check(topP > 0 && topP <= 1, "top-p must be above 0 and at most 1 (off)", topP);
    check(minP >= 0 && minP <= 1, "min-p must be from 0 (off) to 1", minP);
    check(typicalP > 0 && typicalP <= 1, "typical-p must be above 0 and at most 1 (off)", typicalP);
  }

  private static void check(boolean valid, String rule, Object found) {
    if (!valid) { // false for NaN
      throw new IllegalArgumentException(rule + ", found " + found);
    }
  }

  /** nanoGPT's chain: temperature and top-k, everything else off. */
  public SamplingParameters(double temperature, int topK, long seed) {
    this(1, 0, 0, Map.of(), 0, temperature, topK, 1, 0, 1, seed);
  }

  /** Greedy, everything else off. */
  public static SamplingParameters greedy() {
    return new SamplingParameters(0, 0, 0);
  }

  /** A builder with temperature 1, seed 0 and every step off. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder with these parameters. */
  public Builder toBuilder() {
    return builder()
        .repetitionPenalty(repetitionPenalty)
        .frequencyPenalty(frequencyPenalty)
        .presencePenalty(presencePenalty)
        .logitBias(logitBias)
        .minNewTokens(minNewTokens)
        .temperature(temperature)
        .topK(topK)
        .topP(topP)
        .minP(minP)
        .typicalP(typicalP)
        .seed(seed);
  }

  /** The same parameters at another temperature. */
  public SamplingParameters withTemperature(double other) {
    return toBuilder().temperature(other).build();
  }

  /**
   * For beam search, which does not draw: the steps on logits that do not depend on earlier tokens.
   */
  public SamplingParameters forSearch() {
    return builder().logitBias(logitBias).minNewTokens(minNewTokens).temperature(0).build();
  }

  /** Whether the token is the argmax of the model's logits. */
  public boolean isPlainGreedy() {
    return temperature == 0 && !changesLogits();
  }

  /** Whether a step on the logits is on. */
  boolean changesLogits() {
    return needsHistory() || !logitBias.isEmpty() || minNewTokens > 0;
  }

  /** Whether a penalty is on, which needs the tokens so far. */
  public boolean needsHistory() {
    return repetitionPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0;
  }

  /** Builds parameters; see the record for their meaning. */
  public static final class Builder {
    private double repetitionPenalty = 1;
    private double frequencyPenalty;
    private double presencePenalty;
    private final Map<Integer, Double> logitBias = new TreeMap<>();
    private int minNewTokens;
    private double temperature = 1;
    private int topK;
    private double topP = 1;
    private double minP;
    private double typicalP = 1;
    private long seed;

    private Builder() {}

    /** Sets {@link SamplingParameters#repetitionPenalty}. */
    public Builder repetitionPenalty(double value) {
      repetitionPenalty = value;
      return this;
    }

    /** Sets {@link SamplingParameters#frequencyPenalty}. */
    public Builder frequencyPenalty(double value) {
      frequencyPenalty = value;
      return this;
    }

    /** Sets {@link SamplingParameters#presencePenalty}. */
    public Builder presencePenalty(double value) {
      presencePenalty = value;
      return this;
    }

    /** Adds to {@link SamplingParameters#logitBias}. */
    public Builder logitBias(int id, double value) {
      logitBias.put(id, value);
      return this;
    }

    /** Adds to {@link SamplingParameters#logitBias}. */
    public Builder logitBias(Map<Integer, Double> values) {
      logitBias.putAll(values);
      return this;
    }

    /** Sets {@link SamplingParameters#minNewTokens}. */
    public Builder minNewTokens(int value) {
      minNewTokens = value;
      return this;
    }

    /** Sets {@link SamplingParameters#temperature}. */
    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    /** Sets {@link SamplingParameters#topK}. */
    public Builder topK(int value) {
      topK = value;
      return this;
    }

    /** Sets {@link SamplingParameters#topP}. */
    public Builder topP(double value) {
      topP = value;
      return this;
    }

    /** Sets {@link SamplingParameters#minP}. */
    public Builder minP(double value) {
      minP = value;
      return this;
    }

    /** Sets {@link SamplingParameters#typicalP}. */
    public Builder typicalP(double value) {
      typicalP = value;
      return this;
    }

    /** Sets {@link SamplingParameters#seed}. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** Checks the ranges and returns the parameters. */
    public SamplingParameters build() {
      return new SamplingParameters(
          repetitionPenalty,
          frequencyPenalty,
          presencePenalty,
          logitBias,
          minNewTokens,
          temperature,
          topK,
          topP,
          minP,
          typicalP,
          seed);
    }
  }
}
