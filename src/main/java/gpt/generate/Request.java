package gpt.generate;

import gpt.GptException;
import gpt.OnFull;
import gpt.sampling.Drawing;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * What to generate.
 *
 * @param promptIds at least one id
 * @param maxNewTokens each text ends after so many tokens; 0 generates nothing
 * @param endIds each text ends with one of these ids, {@code <|endoftext|>} for GPT-2
 * @param stops each text ends before the first of these strings to be completed, the longest where
 *     several are completed at once
 * @param onFull what happens when the context is full
 * @param sampling how tokens are drawn
 * @param firstSample index of the first text; a text depends on its own index only, so that one of
 *     many can be had alone
 * @param samples number of texts, which share the prompt's prefill
 * @param logprobs how many log-probabilities are wanted with each token; 0 is none
 * @param traced whether the listener hears how each token was drawn; they are drawn on the host
 *     then
 */
public record Request(
    int[] promptIds,
    int maxNewTokens,
    int[] endIds,
    List<String> stops,
    OnFull onFull,
    SamplingParameters sampling,
    int firstSample,
    int samples,
    int logprobs,
    boolean traced) {

  /** Without a trace, and with one id at most that ends a text. */
  public Request(
      int[] promptIds,
      int maxNewTokens,
      OptionalInt endId,
      List<String> stops,
      OnFull onFull,
      SamplingParameters sampling,
      int firstSample,
      int samples,
      int logprobs) {
    this(
        promptIds,
        maxNewTokens,
        endId.stream().toArray(),
        stops,
        onFull,
        sampling,
        firstSample,
        samples,
        logprobs,
        false);
  }

  /** Without log-probabilities, and with one id at most that ends a text. */
  public Request(
      int[] promptIds,
      int maxNewTokens,
      OptionalInt endId,
      List<String> stops,
      OnFull onFull,
      SamplingParameters sampling,
      int firstSample,
      int samples) {
    this(promptIds, maxNewTokens, endId, stops, onFull, sampling, firstSample, samples, 0);
  }

  /** Checks what can be checked without a model, and keeps copies. */
  public Request {
    promptIds = promptIds.clone();
    endIds = endIds.clone();
    stops = List.copyOf(stops);
    if (promptIds.length == 0) {
      throw new GptException("the prompt is empty: it must have at least one token");
    }
    if (maxNewTokens < 0) {
      throw new GptException("the number of new tokens must be 0 or more, found " + maxNewTokens);
    }
    if (sampling.minNewTokens() > maxNewTokens) {
      throw new GptException(
          "the number of new tokens cannot be "
              + sampling.minNewTokens()
              + " at least and "
              + maxNewTokens
              + " at most");
    }
    if (firstSample < 0) {
      throw new GptException("the first sample's index must be 0 or more, found " + firstSample);
    }
    if (samples < 1 || samples > Integer.MAX_VALUE - firstSample) {
      throw new GptException("the number of samples must be 1 or more, found " + samples);
    }
    for (String stop : stops) {
      if (stop.isEmpty()) {
        throw new GptException("a stop string must not be empty");
      }
      if (stop.codePoints().anyMatch(c -> c >= 0xD800 && c <= 0xDFFF)) {
        throw new GptException("a stop string must be valid Unicode, found half a surrogate pair");
      }
    }
  }

  /** Whether this id ends a text. */
  boolean ends(int id) {
    return Arrays.stream(endIds).anyMatch(end -> end == id);
  }

  /** What the tokens of the texts from {@code first} on are drawn with. */
  Drawing drawing(int first) {
    return new Drawing(sampling, first, promptIds, endIds, logprobs);
  }
}
