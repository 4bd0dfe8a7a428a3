package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import gpt.backend.reference.ReferenceEngine;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The probe of the residual stream, against the reference in double precision. */
class ResidualStreamTest {
  private static final long SEED = 48_2026;

  /** 1e-5 of the largest values, which are near 10. */
  private static final float TOLERANCE = 1e-4f;

  private static final int LAYERS = 3;

  private final GptConfig config = RandomWeights.shape(LAYERS, 5, 45, 64, 71, true, Gelu.EXACT);
  private final Weights weights = RandomWeights.of(config, SEED, 0.25f);

  private int[] ids(int n, int seed) {
    return new Random(SEED + seed).ints(n, 0, config.vocabSize()).toArray();
  }

  private static float[][] residual(Engine engine, int layer, int[] ids) {
    try (Context context = new Context(engine)) {
      return context.residual(layer, ids);
    }
  }

  @Test
  void everyBlocksInputEqualsTheReferences() {
    try (ReferenceEngine plain = new ReferenceEngine(config, weights)) {
      for (CpuKernels kernels : CpuKernelsTest.kernels().toList()) {
        try (CpuEngine fast =
            new CpuEngine(config, weights, Precision.F32, 2, kernels, fraction -> {})) {
          for (int layer = 0; layer <= LAYERS; layer++) {
            float[][] expected = residual(plain, layer, ids(60, 1));
            float[][] found = residual(fast, layer, ids(60, 1));
            for (int t = 0; t < 60; t++) {
              String where = kernels.description() + ", layer " + layer + ", position " + t;
              assertArrayEquals(expected[t], found[t], TOLERANCE, where);
            }
          }
        }
      }
    }
  }

  /** Several sequences with different wants, and a prompt in two chunks, give the same bits. */
  @Test
  void otherSequencesDoNotChangeTheBits() {
    try (CpuEngine engine = CpuEngine.open(config, weights, 2)) {
      for (int layer = 0; layer <= LAYERS; layer++) {
        float[][] alone = residual(engine, layer, ids(20, 1));
        float[][] found = new float[20][];
        float[][] last = new float[7][];
        float[] logits = new float[config.vocabSize()];
        try (Sequence a = engine.open();
            Sequence b = engine.open();
            Sequence c = engine.open()) {
          Want.ResidualReader reader = (pos, x) -> found[pos] = x;
          Want first =
              new Want.Logits(1, (pos, row) -> System.arraycopy(row, 0, logits, 0, logits.length));
          engine.step(
              List.of(
                  new Work(b, ids(9, 2), first),
                  new Work(a, Arrays.copyOf(ids(20, 1), 12), new Want.Residual(layer, reader)),
                  new Work(c, ids(7, 3), new Want.Residual(LAYERS, (pos, x) -> last[pos] = x))));
          engine.step(
              List.of(
                  new Work(
                      a,
                      Arrays.copyOfRange(ids(20, 1), 12, 20),
                      new Want.Residual(layer, reader))));
        }
        for (int t = 0; t < 20; t++) {
          assertArrayEquals(alone[t], found[t], "layer " + layer + ", position " + t);
        }
        assertArrayEquals(residual(engine, LAYERS, ids(7, 3)), last);
        try (Context context = new Context(engine)) {
          assertArrayEquals(context.append(ids(9, 2)), logits);
        }
      }
    }
  }

  @Test
  void rejectsLayersOutOfRange() {
    try (CpuEngine engine = CpuEngine.open(config, weights, 1);
        Context context = new Context(engine)) {
      assertThrows(IndexOutOfBoundsException.class, () -> context.residual(LAYERS + 1, 1));
      assertThrows(IndexOutOfBoundsException.class, () -> context.residual(-1, 1));
      assertEquals(0, context.length());
    }
  }
}
