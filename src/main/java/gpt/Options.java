package gpt;

import gpt.generate.beam.Beams;
import gpt.sampling.SamplingParameters;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Options for generating completions: the sampling chain, lengths, stop strings. Immutable: each
 * method checks its value and returns a changed copy. The defaults are temperature 0.8, top-k 200
 * and seed 1337, as in nanoGPT's {@code sample.py} and on the command line, and at most 200 new
 * tokens.
 *
 * <pre>{@code
 * gpt.complete("ROMEO:", options().temperature(0.7).topP(0.9).maxNewTokens(60).stop("JULIET:"));
 * }</pre>
 *
 * <p>The sampling chain applies its steps in this order: repetition penalty, frequency and presence
 * penalties, logit bias, minimum of new tokens, temperature, top-k, top-p, min-p, typical-p. Each
 * step is off at its neutral value.
 *
 * <p>Every method throws a {@link GptException} where a value is out of range.
 */
public final class Options {
  private static final Options DEFAULTS =
      new Options(
          new SamplingParameters(0.8, 200, 1337),
          new Length(200, List.of(), OnFull.SLIDE),
          1,
          0,
          1,
          0);

  private final SamplingParameters sampling;
  private final Length length;
  private final int samples;
  private final int beams;
  private final double lengthPenalty;
  private final int topLogprobs;

  /** What ends a completion. */
  record Length(int maxNewTokens, List<String> stops, OnFull onFull) {}

  private Options(
      SamplingParameters sampling,
      Length length,
      int samples,
      int beams,
      double lengthPenalty,
      int topLogprobs) {
    this.sampling = sampling;
    this.length = length;
    this.samples = samples;
    this.beams = beams;
    this.lengthPenalty = lengthPenalty;
    this.topLogprobs = topLogprobs;
  }

  /** The defaults. */
  public static Options options() {
    return DEFAULTS;
  }

  /**
   * Divides the logits by the temperature.
   *
   * @param value 0 (greedy: always the likeliest token) to 1000; 1 samples from the model's own
   *     distribution
   */
  public Options temperature(double value) {
    return sampling(builder -> builder.temperature(value));
  }

  /** Always chooses the likeliest token: {@code temperature(0)}. */
  public Options greedy() {
    return temperature(0);
  }

  /**
   * Keeps the k likeliest tokens, and tokens as likely as the k-th.
   *
   * @param k 0 is off
   */
  public Options topK(int k) {
    return sampling(builder -> builder.topK(k));
  }

  /**
   * Nucleus sampling (Holtzman et al. 2020): keeps the fewest tokens whose probabilities sum to p
   * or more.
   *
   * @param p above 0; 1 is off
   */
  public Options topP(double p) {
    return sampling(builder -> builder.topP(p));
  }

  /**
   * Keeps tokens with at least p times the likeliest token's probability (Nguyen et al. 2024).
   *
   * @param p 0 (off) to 1
   */
  public Options minP(double p) {
    return sampling(builder -> builder.minP(p));
  }

  /**
   * Locally typical sampling (Meister et al. 2022): keeps the fewest tokens whose probabilities sum
   * to p or more, in the order of the distance of their information, −ln of the probability, from
   * the entropy.
   *
   * @param p above 0; 1 is off
   */
  public Options typicalP(double p) {
    return sampling(builder -> builder.typicalP(p));
  }

  /**
   * Divides positive logits of tokens that occur in the prompt or the completion by the penalty,
   * and multiplies negative ones by it (Keskar et al. 2019).
   *
   * @param value 0.001 to 1000; 1 is off
   */
  public Options repetitionPenalty(double value) {
    return sampling(builder -> builder.repetitionPenalty(value));
  }

  /**
   * Subtracts the penalty from a token's logit once for each time the completion has the token.
   *
   * @param value -100 to 100; 0 is off
   */
  public Options frequencyPenalty(double value) {
    return sampling(builder -> builder.frequencyPenalty(value));
  }

  /**
   * Subtracts the penalty once from the logits of tokens that the completion has.
   *
   * @param value -100 to 100; 0 is off
   */
  public Options presencePenalty(double value) {
    return sampling(builder -> builder.presencePenalty(value));
  }

  /**
   * Adds a bias to a token's logit.
   *
   * @param id the token
   * @param value a finite number, or −∞ to ban the token
   */
  public Options logitBias(int id, double value) {
    return sampling(builder -> builder.logitBias(id, value));
  }

  /**
   * Sets the seed of the random numbers. The same model, device, prompt, options and seed give the
   * same completion, also while other requests run.
   */
  public Options seed(long value) {
    return sampling(builder -> builder.seed(value));
  }

  /**
   * Sets the minimum of new tokens: end-of-text tokens are banned before it.
   *
   * @param count 0 is off
   */
  public Options minNewTokens(int count) {
    return sampling(builder -> builder.minNewTokens(count));
  }

  /**
   * Sets the maximum number of new tokens.
   *
   * @param count 0 or more
   */
  public Options maxNewTokens(int count) {
    if (count < 0) {
      throw new GptException("maxNewTokens must be 0 or more, found " + count);
    }
    return length(new Length(count, length.stops, length.onFull));
  }

  /**
   * Sets the stop strings, replacing earlier ones. A completion ends at the first occurrence of
   * one, and its text does not include it.
   *
   * @param strings non-empty strings, or none
   */
  public Options stop(String... strings) {
    return length(new Length(length.maxNewTokens, List.of(strings), length.onFull));
  }

  /** Sets what happens when the context window is full. {@link OnFull#SLIDE} by default. */
  public Options onFull(OnFull what) {
    return length(new Length(length.maxNewTokens, length.stops, what));
  }

  /**
   * Sets the number of completions of the prompt, each with different random numbers.
   *
   * @param count at least 1; more than 1 with {@link Gpt#completions} only
   */
  public Options samples(int count) {
    if (count < 1) {
      throw new GptException("samples must be 1 or more, found " + count);
    }
    return new Options(sampling, length, count, beams, lengthPenalty, topLogprobs);
  }

  /**
   * Finds the likeliest completions with beam search instead of sampling. Of the sampling chain it
   * applies only logit biases and the minimum of new tokens; completions end where the context
   * window is full.
   *
   * @param count number of beams, 1 to 64; 0 is off
   */
  public Options beams(int count) {
    if (count < 0 || count > Beams.MAX_BEAMS) {
      throw new GptException(
          "beams must be from 0 (off) to " + Beams.MAX_BEAMS + ", found " + count);
    }
    return new Options(sampling, length, samples, count, lengthPenalty, topLogprobs);
  }

  /**
   * Sets beam search's length penalty: a completion's sum of log-probabilities is divided by its
   * length to this power.
   *
   * @param power -100 to 100; 0 is off; higher values favour longer completions; 1 is the default
   */
  public Options lengthPenalty(double power) {
    return new Options(sampling, length, samples, beams, power, topLogprobs);
  }

  /**
   * Sets how many of the likeliest candidates are returned with each token: see {@link
   * Completion#topLogprobs}.
   *
   * @param count 0 to 1000
   */
  public Options topLogprobs(int count) {
    if (count < 0 || count > 1000) {
      throw new GptException("topLogprobs must be from 0 to 1000, found " + count);
    }
    return new Options(sampling, length, samples, beams, lengthPenalty, count);
  }

  private Options sampling(UnaryOperator<SamplingParameters.Builder> change) {
    try {
      SamplingParameters changed = change.apply(sampling.toBuilder()).build();
      return new Options(changed, length, samples, beams, lengthPenalty, topLogprobs);
    } catch (IllegalArgumentException e) {
      throw new GptException(e.getMessage(), e);
    }
  }

  private Options length(Length changed) {
    return new Options(sampling, changed, samples, beams, lengthPenalty, topLogprobs);
  }

  SamplingParameters sampling() {
    return sampling;
  }

  Length length() {
    return length;
  }

  int samples() {
    return samples;
  }

  int beams() {
    return beams;
  }

  double lengthPenalty() {
    return lengthPenalty;
  }

  int topLogprobs() {
    return topLogprobs;
  }
}
