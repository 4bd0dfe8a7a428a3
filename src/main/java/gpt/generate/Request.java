package gpt.generate;

import gpt.GptException;
import gpt.OnFull;
import gpt.sampling.Drawing;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.List;

/**
 * A prompt, how to continue it, and how many completions to generate.
 *
 * @param promptIds at least one id
 * @param length how far each completion goes
 * @param sampling the sampling chain
 * @param firstSample index of the first completion; random numbers depend on the seed, this index
 *     and the step only, so one completion of many can be generated alone
 * @param samples number of completions; the prompt is prefilled once for all
 * @param logprobs how many of the likeliest tokens' log-probabilities are returned with each token;
 *     0 returns none
 * @param traced whether the listener receives a {@link gpt.sampling.ChainTrace} of each token; the
 *     host samples then, also where the device could
 */
public record Request(
    int[] promptIds,
    Length length,
    SamplingParameters sampling,
    int firstSample,
    int samples,
    int logprobs,
    boolean traced) {

  /**
   * How far a completion goes.
   *
   * @param maxNewTokens maximum number of new tokens of each completion; 0 generates nothing
   * @param endIds ids that end a completion: {@code <|endoftext|>} for GPT-2
   * @param stops stop strings: a completion ends at the first occurrence of one, and its text does
   *     not include it; where several occurrences end at the same character, the longest counts
   * @param onFull what happens when the context window is full
   * @param shift with {@link OnFull#SHIFT} how many tokens are dropped at once; 0 drops half of the
   *     context window
   */
  public record Length(
      int maxNewTokens, int[] endIds, List<String> stops, OnFull onFull, int shift) {
    /** Drops half of the context window with {@link OnFull#SHIFT}. */
    public Length(int maxNewTokens, int[] endIds, List<String> stops, OnFull onFull) {
      this(maxNewTokens, endIds, stops, onFull, 0);
    }

    /** Copies the array and the list. */
    public Length {
      endIds = endIds.clone();
      stops = List.copyOf(stops);
    }

    /** Tokens that are dropped at once where a context window of {@code blockSize} is full. */
    public int dropped(int blockSize) {
      return onFull == OnFull.SHIFT ? shift == 0 ? Math.ceilDiv(blockSize, 2) : shift : 1;
    }
  }

  /**
   * Checks what does not depend on the model, and copies the ids.
   *
   * @throws GptException if a value is out of range
   */
  public Request {
    promptIds = promptIds.clone();
    if (promptIds.length == 0) {
      throw new GptException("the prompt is empty: it must have at least one token");
    }
    int maxNewTokens = length.maxNewTokens;
    if (maxNewTokens < 0) {
      throw new GptException("the number of new tokens must be 0 or more, found " + maxNewTokens);
    }
    if (sampling.minNewTokens() > maxNewTokens) {
      throw new GptException(
          "the minimum of new tokens must not exceed the maximum, found a minimum of "
              + sampling.minNewTokens()
              + " and a maximum of "
              + maxNewTokens);
    }
    if (firstSample < 0) {
      throw new GptException("the first sample's index must be 0 or more, found " + firstSample);
    }
    if (samples < 1 || samples > Integer.MAX_VALUE - firstSample) {
      throw new GptException("the number of samples must be 1 or more, found " + samples);
    }
    for (String stop : length.stops) {
      if (stop.isEmpty()) {
        throw new GptException("a stop string must not be empty");
      }
      if (stop.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF)) {
        throw new GptException("a stop string must be valid Unicode, found half a surrogate pair");
      }
    }
  }

  /** Whether this id ends a completion. */
  boolean ends(int id) {
    return Arrays.stream(length.endIds).anyMatch(end -> end == id);
  }

  /** How the tokens of its completions are drawn. */
  Drawing drawing() {
    return new Drawing(sampling, promptIds, length.endIds, logprobs);
  }
}
