package gpt.sampling;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * How the next token is drawn from its logits. The steps are taken in the order of the components;
 * each is off at its neutral value.
 *
 * @param repetitionPenalty positive logits of ids that the text has, prompt or new, are divided by
 *     it and others multiplied (Keskar et al. 2019); 1 is off
 * @param frequencyPenalty subtracted from an id's logit for each time it was generated; 0 is off
 * @param presencePenalty subtracted once from the logits of ids that were generated; 0 is off
 * @param logitBias added to the logits of these ids; −∞ bans one
 * @param minNewTokens the text does not end before so many new tokens: until then the end id is
 *     banned
 * @param temperature logits are divided by it; 0 takes the largest (greedy), and what follows is
 *     without effect
 * @param topK only the k largest logits stay, and any equal to the k-th; 0 is off
 * @param topP the likeliest ids stay whose probabilities together reach it, the one that crosses it
 *     included; 1 is off
 * @param minP ids stay that are at least so likely as this part of the likeliest; 0 is off
 * @param typicalP the ids stay whose information is nearest to the entropy and whose probabilities
 *     together reach it (Meister et al. 2022); 1 is off
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

  /** Bounds of the repetition penalty: with its inverse, far from what a float overflows at. */
  private static final double MIN_REPETITION_PENALTY = 1e-3;

  private static final double MAX_REPETITION_PENALTY = 1e3;

  /** Bound of the two other penalties on both sides. */
  private static final double MAX_PENALTY = 100;

  /** Beyond it a bias would differ from infinite in name only. */
  private static final double MAX_BIAS = 1e30;

  /**
   * At more, probabilities differ by less than the fixed point of {@link Weight} tells apart, and
   * top-k would see ties where there are none.
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

  private static void check(boolean right, String rule, Object found) {
    if (!right) { // NaN is right nowhere
      throw new IllegalArgumentException(rule + ", found " + found);
    }
  }

  /** nanoGPT's chain, everything else off. */
  public SamplingParameters(double temperature, int topK, long seed) {
    this(1, 0, 0, Map.of(), 0, temperature, topK, 1, 0, 1, seed);
  }

  /** Always the largest logit, everything else off. */
  public static SamplingParameters greedy() {
    return new SamplingParameters(0, 0, 0);
  }

  /** Temperature 1 and seed 0, everything off. */
  public static Builder builder() {
    return new Builder();
  }

  /** These parameters, to change some. */
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

  /** The same at another temperature. */
  public SamplingParameters withTemperature(double other) {
    return toBuilder().temperature(other).build();
  }

  /** For beam search, which draws nothing: only what changes logits whatever the text holds. */
  public SamplingParameters forSearch() {
    return builder().logitBias(logitBias).minNewTokens(minNewTokens).temperature(0).build();
  }

  /** Whether the id is that of the largest logit as the model gives it, whatever else is set. */
  public boolean isPlainGreedy() {
    return temperature == 0 && !changesLogits();
  }

  /** Whether a step before the temperature is on. */
  boolean changesLogits() {
    return needsHistory() || !logitBias.isEmpty() || minNewTokens > 0;
  }

  /** Whether it matters what the text holds already. */
  public boolean needsHistory() {
    return repetitionPenalty != 1 || frequencyPenalty != 0 || presencePenalty != 0;
  }

  /** Sets one parameter after another. */
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

    /** The parameters, checked. */
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
