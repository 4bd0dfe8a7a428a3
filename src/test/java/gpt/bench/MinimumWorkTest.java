package gpt.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import org.junit.jupiter.api.Test;

/** Bytes and FLOPs of a token against counts made by hand. */
class MinimumWorkTest {
  private static final GptConfig DEMO =
      new GptConfig(6, 6, 192, 256, 65, 768, true, Gelu.EXACT, 1e-5);

  /** Elements of each block's four matrices, and of lm_head. */
  private static final long MATRICES = 6 * (110_592 + 36_864 + 147_456 + 147_456);

  private static final long HEAD = 65 * 192;

  /** Norms and biases: ln_1, ln_2, c_attn's, c_proj's, c_fc's, c_proj's; ln_f. */
  private static final long VECTORS = 6 * (384 + 384 + 576 + 192 + 768 + 192) + 384;

  /** Rows of wte and wpe. */
  private static final long EMBEDDINGS = 2 * 192;

  private static double weights(Precision precision) {
    return Bench.weightBytes(RandomWeights.of(DEMO, 1, 0.1f), precision);
  }

  @Test
  void decodingReadsEachWeightOnce() {
    // Tokens 1 to 16 attend to 8.5 positions on average: a key and a value in each block.
    double seen = 8.5 * 6 * 2 * 192;
    double expected = 4 * (MATRICES + HEAD + VECTORS + EMBEDDINGS + seen);
    assertEquals(
        expected, MinimumWork.of(DEMO, weights(Precision.F32), new BenchTest(0, 16)).bytesPerToken(), 1e-6);
    double half = 2 * (MATRICES + HEAD) + 4 * (VECTORS + EMBEDDINGS + seen);
    assertEquals(
        half, MinimumWork.of(DEMO, weights(Precision.BF16), new BenchTest(0, 16)).bytesPerToken(), 1e-6);
    long scales = 6 * (576 + 192 + 768 + 192) + 65;
    double quarter = MATRICES + HEAD + 4 * (scales + VECTORS + EMBEDDINGS + seen);
    assertEquals(
        quarter, MinimumWork.of(DEMO, weights(Precision.I8), new BenchTest(0, 16)).bytesPerToken(), 1e-6);
  }

  @Test
  void modelsWithoutBiasesReadLess() {
    GptConfig bare = new GptConfig(6, 6, 192, 256, 65, 768, false, Gelu.EXACT, 1e-5);
    double expected = 4 * (MATRICES + HEAD + 13 * 192 + EMBEDDINGS + 6 * 2 * 192);
    assertEquals(
        expected, MinimumWork.of(bare, weights(Precision.F32), new BenchTest(0, 1)).bytesPerToken(), 1e-6);
  }

  @Test
  void promptsComputeLogitsOfTheLastTokenOnly() {
    // 10 tokens attend to 5.5 positions on average: two products of 2 FLOPs per channel.
    double attention = 5.5 * 6 * 4 * 192;
    assertEquals(
        2 * MATRICES + attention + 2 * HEAD / 10.0,
        MinimumWork.of(DEMO, weights(Precision.F32), new BenchTest(10, 0)).flopsPerToken(),
        1e-6);
    assertEquals(
        2 * MATRICES + attention + 2 * HEAD,
        MinimumWork.of(DEMO, weights(Precision.F32), new BenchTest(0, 10)).flopsPerToken(),
        1e-6);
  }
}
