package gpt.generate;

import gpt.OnFull;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** Requests with defaults for what a test does not vary. */
public final class Requests {
  public static final SamplingParameters GREEDY = new SamplingParameters(0, 0, 0);
  public static final SamplingParameters RANDOM = new SamplingParameters(1, 5, 1234);

  private Requests() {}

  public static Request of(
      int[] promptIds,
      int maxNewTokens,
      OptionalInt endId,
      List<String> stops,
      OnFull onFull,
      SamplingParameters sampling,
      int firstSample,
      int samples) {
    return of(promptIds, maxNewTokens, endId, stops, onFull, sampling, firstSample, samples, 0);
  }

  public static Request of(
      int[] promptIds,
      int maxNewTokens,
      OptionalInt endId,
      List<String> stops,
      OnFull onFull,
      SamplingParameters sampling,
      int firstSample,
      int samples,
      int logprobs) {
    int[] endIds = endId.stream().toArray();
    return new Request(
        promptIds,
        new Request.Length(maxNewTokens, endIds, stops, onFull),
        sampling,
        firstSample,
        samples,
        logprobs,
        false);
  }

  public static Request greedy(int[] prompt, int maxNewTokens, OnFull onFull) {
    return of(prompt, maxNewTokens, OptionalInt.empty(), List.of(), onFull, GREEDY, 0, 1);
  }

  public static Request random(int[] prompt, int maxNewTokens, int firstSample, int samples) {
    return of(
        prompt,
        maxNewTokens,
        OptionalInt.empty(),
        List.of(),
        OnFull.SLIDE,
        RANDOM,
        firstSample,
        samples);
  }

  public static Request stopping(int maxNewTokens, int endId, String... stops) {
    return of(
        new int[] {0},
        maxNewTokens,
        endId < 0 ? OptionalInt.empty() : OptionalInt.of(endId),
        Arrays.asList(stops),
        OnFull.SLIDE,
        GREEDY,
        0,
        1);
  }
}
