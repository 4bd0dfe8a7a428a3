package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.CpuKernelsProvider;
import gpt.backend.cpu.kernels.CpuKernelsTest;
import gpt.backend.reference.ReferenceEngine;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.engine.Work;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The fast forward pass against the reference, and against itself in chunks, on random models. */
class CpuEngineTest {
  private static final long SEED = 40_2026;

  /** Logits here are of magnitude 1 to 50; the bound is that of {@link GoldenTest}. */
  private static final double TOLERANCE = 2e-4;

  static List<GptConfig> shapes() {
    List<GptConfig> shapes = new ArrayList<>();
    for (int nHead = 1; nHead <= 12; nHead++) {
      boolean bias = nHead % 2 == 0;
      Gelu gelu = nHead % 3 == 0 ? Gelu.TANH : Gelu.EXACT;
      shapes.add(RandomWeights.shape(2, nHead, 5 * nHead, 40, 61 + nHead, bias, gelu));
    }
    shapes.add(RandomWeights.shape(1, 1, 1, 1, 2, true, Gelu.EXACT));
    shapes.add(RandomWeights.shape(2, 4, 64, 1, 65, false, Gelu.EXACT));
    shapes.add(RandomWeights.shape(3, 1, 33, 130, 300, true, Gelu.TANH));
    shapes.add(RandomWeights.shape(1, 2, 128, 257, 1000, true, Gelu.EXACT));
    // Large enough for decode to run its products and its attention on all workers, and for sums
    // longer than the kernels' cache blocks.
    shapes.add(RandomWeights.shape(1, 4, 256, 800, 300, true, Gelu.EXACT));
    shapes.add(new GptConfig(2, 3, 21, 64, 128, 50, false, Gelu.EXACT, 1e-3));
    return shapes;
  }

  /** Large enough for every operation to matter, small enough for float32 to stay accurate. */
  private static float scale(GptConfig config) {
    return Math.min(0.3f, 1.5f / (float) Math.sqrt(config.nEmbd()));
  }

  private static CpuEngine open(GptConfig config, Weights weights, int threads, CpuKernels k) {
    return new CpuEngine(config, weights, Precision.F32, threads, k, fraction -> {});
  }

  private static int[] ids(GptConfig config, int n, long seed) {
    return new Random(seed).ints(n, 0, config.vocabSize()).toArray();
  }

  private static float[][] prefillAll(Engine engine, int[] ids) {
    float[][] all = new float[ids.length][];
    try (Context context = new Context(engine)) {
      int v = engine.config().vocabSize();
      context.append(ids, (pos, logits) -> all[pos] = Arrays.copyOf(logits, v));
    }
    return all;
  }

  private static void assertSame(float[] expected, float[] actual, String what) {
    for (int i = 0; i < expected.length; i++) {
      CpuKernelsTest.assertClose(expected[i], actual[i], TOLERANCE, what + " logit " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void everyPositionEqualsTheReference(GptConfig config) {
    Weights weights = RandomWeights.of(config, SEED, scale(config));
    int[] ids = ids(config, config.blockSize(), SEED + 1);
    float[][] expected = prefillAll(new ReferenceEngine(config, weights), ids);
    for (CpuKernels kernels : CpuKernelsTest.kernels().toList()) {
      for (int threads : new int[] {1, 3}) {
        try (CpuEngine engine = open(config, weights, threads, kernels)) {
          float[][] actual = prefillAll(engine, ids);
          for (int t = 0; t < ids.length; t++) {
            assertSame(expected[t], actual[t], kernels.description() + " position " + t);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void decodeAgreesWithPrefillPositionByPosition(GptConfig config) {
    Weights weights = RandomWeights.of(config, SEED + 2, scale(config));
    int[] ids = ids(config, config.blockSize(), SEED + 3);
    for (CpuKernels kernels : CpuKernelsTest.kernels().toList()) {
      try (CpuEngine engine = open(config, weights, 2, kernels);
          Context context = new Context(engine)) {
        float[][] expected = prefillAll(engine, ids);
        for (int t = 0; t < ids.length; t++) {
          assertSame(expected[t], context.append(ids[t]), "decode at " + t);
          assertEquals(t + 1, context.length());
        }
      }
    }
  }

  @Test
  void prefillInChunksAndAfterTruncateEqualsOneStep() {
    GptConfig config = RandomWeights.shape(2, 3, 48, 200, 97, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 4, 0.3f);
    int[] ids = ids(config, 200, SEED + 5);
    Random random = new Random(SEED + 6);
    for (CpuKernels kernels : CpuKernelsTest.kernels().toList()) {
      try (CpuEngine engine = open(config, weights, 2, kernels);
          Context context = new Context(engine)) {
        float[][] expected = prefillAll(engine, ids);
        for (int round = 0; round < 20; round++) {
          context.truncate(random.nextInt(context.length() + 1));
          while (context.length() < ids.length) {
            int n = 1 + random.nextInt(ids.length - context.length());
            int[] chunk = Arrays.copyOfRange(ids, context.length(), context.length() + n);
            float[] logits = context.append(chunk);
            assertSame(expected[context.length() - 1], logits, "to " + context.length());
          }
        }
      }
    }
  }

  @Test
  void sequencesDoNotAffectEachOther() {
    GptConfig config = RandomWeights.shape(2, 2, 32, 16, 50, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 7, 0.3f);
    int[] one = ids(config, 16, SEED + 8);
    int[] two = ids(config, 16, SEED + 9);
    try (CpuEngine engine = open(config, weights, 2, CpuKernelsProvider.kernels());
        Context a = new Context(engine);
        Context b = new Context(engine)) {
      float[][] expectedOne = prefillAll(engine, one);
      float[][] expectedTwo = prefillAll(engine, two);
      for (int t = 0; t < 16; t++) {
        assertSame(expectedOne[t], a.append(one[t]), "first sequence at " + t);
        assertSame(expectedTwo[t], b.append(two[t]), "second sequence at " + t);
      }
    }
  }

  /** On both backends a fork continues like its original, and neither affects the other. */
  @Test
  void forksAreIndependent() {
    GptConfig config = RandomWeights.shape(2, 3, 39, 40, 50, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 17, 0.3f);
    int[] ids = ids(config, 40, SEED + 18);
    float[][] expected = prefillAll(new ReferenceEngine(config, weights), ids);
    try (CpuEngine fast = open(config, weights, 2, CpuKernelsProvider.kernels());
        ReferenceEngine reference = new ReferenceEngine(config, weights)) {
      for (Engine engine : List.of(fast, reference)) {
        try (Context a = new Context(engine);
            Context b = new Context(engine)) {
          b.append(ids(config, 39, SEED + 19));
          for (int length : new int[] {17, 1, 33}) {
            a.truncate(0);
            a.append(Arrays.copyOf(ids, length));
            b.copyFrom(a);
            a.append(ids[0]);
            assertEquals(length, b.length());
            assertSame(expected[length], b.append(ids[length]), "after " + length);
            a.truncate(length);
            assertSame(expected[length], a.append(ids[length]), "original after " + length);
          }
          a.truncate(0);
          b.copyFrom(a);
          assertEquals(0, b.length());
          b.append(ids[0]);
          b.copyFrom(b);
          assertEquals(1, b.length());
          Work others = Work.append(new ReferenceEngine(config, weights).open(), 1);
          assertThrows(IllegalArgumentException.class, () -> engine.step(List.of(others)));
        }
      }
    }
  }

  @Test
  void untiedHeadDiffersFromTheEmbedding() {
    GptConfig config = RandomWeights.shape(1, 2, 16, 8, 30, true, Gelu.EXACT);
    Weights tied = RandomWeights.of(config, SEED + 10, 0.3f);
    Weights other = RandomWeights.of(config, SEED + 11, 0.3f);
    Weights untied = new Weights(tied.wte(), tied.wpe(), tied.h(), tied.lnF(), other.wte());
    int[] ids = ids(config, 8, SEED + 12);
    float[][] expected = prefillAll(new ReferenceEngine(config, untied), ids);
    try (CpuEngine engine = open(config, untied, 1, CpuKernelsProvider.kernels())) {
      assertSame(expected[7], prefillAll(engine, ids)[7], "untied");
    }
  }

  @Test
  void sameResultsOnEveryRunAndAnyNumberOfThreads() {
    GptConfig config = RandomWeights.shape(2, 4, 64, 64, 97, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 13, 0.3f);
    int[] ids = ids(config, 64, SEED + 14);
    float[] first = null;
    for (int threads : new int[] {1, 2, 4, 2}) {
      try (CpuEngine engine = open(config, weights, threads, CpuKernelsProvider.kernels())) {
        float[] logits = prefillAll(engine, ids)[63];
        first = first == null ? logits : first;
        assertArrayEquals(first, logits, threads + " threads");
      }
    }
  }

  @Test
  void rejectsTokensThatDoNotFit() {
    GptConfig config = RandomWeights.shape(1, 1, 8, 4, 10, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 15, 0.3f);
    try (CpuEngine engine = open(config, weights, 1, CpuKernelsProvider.kernels());
        Context context = new Context(engine)) {
      context.append(1, 2, 3);
      GptException full = assertThrows(GptException.class, () -> context.append(new int[] {4, 5}));
      assertTrue(full.getMessage().contains("holds 4 tokens"), full.getMessage());
      GptException id = assertThrows(GptException.class, () -> context.append(10));
      assertTrue(id.getMessage().contains("token id 10"), id.getMessage());
      assertThrows(GptException.class, () -> context.append(-1));
      assertThrows(IllegalArgumentException.class, () -> context.append(new int[0]));
      assertThrows(IllegalArgumentException.class, () -> context.truncate(4));
      assertEquals(3, context.length(), "a rejected call changed the length");
      context.append(9);
      assertEquals(4, context.length());
    }
  }

  @Test
  void memoryIncludesThePaddingOfPanels() {
    int width = CpuKernelsProvider.kernels().panelWidth();
    // One head of one channel: a value is padded to a whole panel.
    GptConfig config = RandomWeights.shape(1, 1, 1, width, 2, true, Gelu.EXACT);
    assertEquals(4L * (width + width * width), CpuEngine.cacheBytes(config));
    // c_attn 3 × 1, c_proj 1 × 1, c_fc 4 × 1, c_proj 1 × 4, wte 2 × 1: each in one panel.
    assertEquals(
        4L * width * (1 + 1 + 1 + 4 + 1), CpuEngine.weightBytes(config, true, Precision.F32));
    assertEquals(
        4L * width * (1 + 1 + 1 + 4 + 2), CpuEngine.weightBytes(config, false, Precision.F32));
  }

  @Test
  void batchSizeIsBounded() {
    assertEquals(64, CpuEngine.batchSize(RandomWeights.shape(1, 1, 16, 16, 9, true, Gelu.TANH)));
    // Keys and values of a sequence: 75 MB for GPT-2, 629 MB for gpt2-xl.
    assertEquals(
        56, CpuEngine.batchSize(RandomWeights.shape(12, 12, 768, 1024, 9, true, Gelu.TANH)));
    assertEquals(
        6, CpuEngine.batchSize(RandomWeights.shape(48, 25, 1600, 1024, 9, true, Gelu.TANH)));
    assertEquals(
        1, CpuEngine.batchSize(RandomWeights.shape(99, 1, 8192, 8192, 9, true, Gelu.TANH)));
  }

  @Test
  void closingTwiceDoesNothing() {
    GptConfig config = RandomWeights.shape(1, 1, 8, 4, 10, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 16, 0.3f);
    CpuEngine engine = open(config, weights, 2, CpuKernelsProvider.kernels());
    Context context = new Context(engine);
    context.append(1);
    context.close();
    context.close();
    engine.close();
    engine.close();
  }
}
