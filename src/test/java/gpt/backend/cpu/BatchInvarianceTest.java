package gpt.backend.cpu;

import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.CpuKernelsTest;
import gpt.engine.RandomSchedules;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A sequence's logits have the same bits and its ids are the same, whatever else is in a step. */
class BatchInvarianceTest {
  private static final long SEED = 15_2026;

  static Stream<Arguments> engines() {
    return CpuKernelsTest.kernels()
        .flatMap(
            kernels ->
                Stream.of(Precision.values())
                    .filter(p -> p != Precision.STORED) // f32 here; see QuantizedTest
                    .flatMap(p -> Stream.of(1, 3).map(t -> Arguments.of(kernels, p, t))));
  }

  @ParameterizedTest
  @MethodSource("engines")
  void randomSchedulesGiveTheSameBits(CpuKernels kernels, Precision precision, int threads) {
    // The first shape runs on the caller's thread and has rows of no whole blocks of q4; the second
    // one's products run on all workers.
    for (GptConfig config :
        new GptConfig[] {
          RandomWeights.shape(2, 3, 39, 30, 61, true, Gelu.EXACT),
          RandomWeights.shape(1, 4, 288, 40, 350, true, Gelu.TANH)
        }) {
      Weights weights = RandomWeights.of(config, SEED, 0.1f);
      try (CpuEngine engine =
          new CpuEngine(config, weights, precision, threads, kernels, fraction -> {})) {
        RandomSchedules.check(engine, 5, 1, SEED + 1);
      }
    }
  }
}
