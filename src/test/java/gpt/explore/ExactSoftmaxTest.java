package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExactSoftmaxTest {
  /** Against the chain itself, whose arithmetic is another: integers after the temperature. */
  @Test
  void filtersAreTheChains() {
    Random random = new Random(51_2026);
    for (int i = 0; i < 200; i++) {
      double[] logits = random.doubles(2 + random.nextInt(9), -6, 6).toArray();
      if (i % 4 == 0) {
        logits[0] = logits[1]; // a tie
      }
      SamplingParameters parameters =
          SamplingParameters.builder()
              .temperature(0.5 + random.nextDouble())
              .topK(random.nextInt(5))
              .topP(0.4 + 0.6 * random.nextDouble())
              .minP(random.nextDouble() / 4)
              .build();
      ExactSoftmax exact = ExactSoftmax.of(logits, parameters);
      ChainTrace trace = ExactSoftmax.trace(logits, parameters);
      String what = Arrays.toString(logits) + " " + parameters;
      for (int id = 0; id < logits.length; id++) {
        assertEquals(trace.afterTemperature()[id], exact.probabilities()[id], 1e-6, what);
        assertEquals(trace.drawn()[id], exact.last()[id], 1e-6, what);
      }
      List<ChainTrace.Stage> stages =
          trace.stages().stream().filter(stage -> stage.step().isFilter()).toList();
      assertEquals(stages.size(), exact.filters().size(), what);
    }
  }

  @Test
  void namesWhatTheChainsIntegersLose() {
    double[] logits = {6, 2, 7, 0.1, -8, 9, Double.NEGATIVE_INFINITY};
    SamplingParameters cold = SamplingParameters.builder().temperature(0.1).build();
    assertEquals(List.of(1, 3, 4), ExactSoftmax.of(logits, cold).underflows());
    assertEquals(List.of(), ExactSoftmax.of(logits, cold.withTemperature(1)).underflows());
    assertEquals(0, ExactSoftmax.of(logits, cold).probabilities()[6]);
  }
}
