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

  public static Request greedy(int[] prompt, int maxNewTokens, OnFull onFull) {
    return new Request(prompt, maxNewTokens, OptionalInt.empty(), List.of(), onFull, GREEDY, 0, 1);
  }

  public static Request random(int[] prompt, int maxNewTokens, int firstSample, int samples) {
    return new Request(
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
    return new Request(
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
