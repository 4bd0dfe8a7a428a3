package gpt;

import gpt.generate.Beams;
import gpt.sampling.SamplingParameters;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What to generate, and how tokens are drawn. Immutable: each method returns changed options, which
 * are checked at once. The defaults: temperature 0.8, top-k 200 and seed 1337, as nanoGPT's {@code
 * sample.py} and the command line have them; at most 200 new tokens.
 *
 * <pre>{@code
 * gpt.complete("ROMEO:", options().temperature(0.7).topP(0.9).maxNewTokens(60).stop("JULIET:"));
 * }</pre>
 *
 * <p>The steps of the sampling chain are taken in this order: repetition penalty, frequency and
 * presence penalties, logit bias, the minimum of new tokens, temperature, top-k, top-p, min-p,
 * typical-p. Each is off at its neutral value.
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

  /** What ends a text. */
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
   * Logits are divided by it.
   *
   * @param value 0 (greedy: always the likeliest token) to 1000; 1 draws as the model says
   */
  public Options temperature(double value) {
    return sampling(builder -> builder.temperature(value));
  }

  /** Always the likeliest token: {@code temperature(0)}. */
  public Options greedy() {
    return temperature(0);
  }

  /**
   * Only the k likeliest tokens are drawn from, and any as likely as the k-th.
   *
   * @param k 0 is off
   */
  public Options topK(int k) {
    return sampling(builder -> builder.topK(k));
  }

  /**
   * Only the fewest tokens whose probabilities together reach a bound are drawn from (nucleus).
   *
   * @param p above 0; 1 is off
   */
  public Options topP(double p) {
    return sampling(builder -> builder.topP(p));
  }

  /**
   * Only tokens with at least this part of the likeliest one's probability are drawn from.
   *
   * @param p 0 (off) to 1
   */
  public Options minP(double p) {
    return sampling(builder -> builder.minP(p));
  }

  /**
   * Only the tokens nearest to the expected information, whose probabilities together reach a
   * bound, are drawn from (Meister et al. 2022).
   *
   * @param p above 0; 1 is off
   */
  public Options typicalP(double p) {
    return sampling(builder -> builder.typicalP(p));
  }

  /**
   * Positive logits of tokens that the prompt or the text has are divided by it, negative ones
   * multiplied (Keskar et al. 2019).
   *
   * @param value 0.001 to 1000; 1 is off
   */
  public Options repetitionPenalty(double value) {
    return sampling(builder -> builder.repetitionPenalty(value));
  }

  /**
   * Subtracted from a token's logit each time it was generated.
   *
   * @param value -100 to 100; 0 is off
   */
  public Options frequencyPenalty(double value) {
    return sampling(builder -> builder.frequencyPenalty(value));
  }

  /**
   * Subtracted once from the logits of tokens that were generated.
   *
   * @param value -100 to 100; 0 is off
   */
  public Options presencePenalty(double value) {
    return sampling(builder -> builder.presencePenalty(value));
  }

  /**
   * Adds to a token's logit.
   *
   * @param id the token
   * @param value a finite number, or −∞ to ban the token
   */
  public Options logitBias(int id, double value) {
    return sampling(builder -> builder.logitBias(id, value));
  }

  /**
   * Key of the random numbers: the same seed, prompt and options give the same text, whatever else
   * runs.
   */
  public Options seed(long value) {
    return sampling(builder -> builder.seed(value));
  }

  /**
   * The text does not end by itself before so many tokens.
   *
   * @param count 0 is off
   */
  public Options minNewTokens(int count) {
    return sampling(builder -> builder.minNewTokens(count));
  }

  /**
   * The text ends after so many tokens.
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
   * The text ends before the first of these strings to be completed; they replace earlier ones.
   *
   * @param strings none, or non-empty strings
   */
  public Options stop(String... strings) {
    return length(new Length(length.maxNewTokens, List.of(strings), length.onFull));
  }

  /** What happens when the context is full. */
  public Options onFull(OnFull what) {
    return length(new Length(length.maxNewTokens, length.stops, what));
  }

  /**
   * Texts to generate of the prompt, each with random numbers of its own.
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
   * Draws nothing, but searches for the likeliest text with beam search. Of the sampling chain only
   * logit biases and the minimum of new tokens count then, and texts end where the context is full.
   *
   * @param count beams, 1 to 64; 0 is off
   */
  public Options beams(int count) {
    if (count < 0 || count > Beams.MAX_BEAMS) {
      throw new GptException(
          "beams must be from 0 (off) to " + Beams.MAX_BEAMS + ", found " + count);
    }
    return new Options(sampling, length, samples, count, lengthPenalty, topLogprobs);
  }

  /**
   * With beams: a text's log-probability is divided by its length to this power.
   *
   * @param power -100 to 100; 0 is off, more favours longer texts, 1 is the default
   */
  public Options lengthPenalty(double power) {
    return new Options(sampling, length, samples, beams, power, topLogprobs);
  }

  /**
   * Likeliest tokens whose log-probabilities are kept with each drawn token: see {@link
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
