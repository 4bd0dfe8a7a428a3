package gpt.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.model.Backend;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.GptException;
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

/** The fast forward pass against the reference, and against itself in pieces, on random models. */
class CpuBackendTest {
  private static final long SEED = 40_2026;

  /** Logits here are of magnitude 1 to 50; the bound is the issue's own for golden logits. */
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
    // Large enough for decode to share its products and its attention among the workers, and for
    // sums over more inputs and keys than the kernels take in one pass.
    shapes.add(RandomWeights.shape(1, 4, 256, 800, 300, true, Gelu.EXACT));
    shapes.add(new GptConfig(2, 3, 21, 64, 128, 50, false, Gelu.EXACT, 1e-3));
    return shapes;
  }

  /** Large enough for every part to matter, small enough for float32 not to drown in wide sums. */
  private static float scale(GptConfig config) {
    return Math.min(0.3f, 1.5f / (float) Math.sqrt(config.nEmbd()));
  }

  private static CpuBackend open(GptConfig config, Weights weights, int threads, CpuKernels k) {
    return new CpuBackend(config, weights, threads, k, fraction -> {});
  }

  private static int[] ids(GptConfig config, int n, long seed) {
    return new Random(seed).ints(n, 0, config.vocabSize()).toArray();
  }

  private static float[][] prefillAll(Backend backend, int[] ids) {
    float[][] all = new float[ids.length][];
    try (Backend.Session session = backend.newSession()) {
      int v = backend.config().vocabSize();
      session.prefill(ids, (pos, logits) -> all[pos] = Arrays.copyOf(logits, v));
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
    float[][] expected = prefillAll(new ReferenceBackend(config, weights), ids);
    for (CpuKernels kernels : CpuKernelsTest.kernels().toList()) {
      for (int threads : new int[] {1, 3}) {
        try (CpuBackend backend = open(config, weights, threads, kernels)) {
          float[][] actual = prefillAll(backend, ids);
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
      try (CpuBackend backend = open(config, weights, 2, kernels);
          Backend.Session session = backend.newSession()) {
        float[][] expected = prefillAll(backend, ids);
        for (int t = 0; t < ids.length; t++) {
          assertSame(expected[t], session.decode(ids[t]), "decode at " + t);
          assertEquals(t + 1, session.length());
        }
      }
    }
  }

  @Test
  void prefillInPiecesAndAfterTruncateEqualsOnePass() {
    GptConfig config = RandomWeights.shape(2, 3, 48, 200, 97, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 4, 0.3f);
    int[] ids = ids(config, 200, SEED + 5);
    Random random = new Random(SEED + 6);
    for (CpuKernels kernels : CpuKernelsTest.kernels().toList()) {
      try (CpuBackend backend = open(config, weights, 2, kernels);
          Backend.Session session = backend.newSession()) {
        float[][] expected = prefillAll(backend, ids);
        for (int round = 0; round < 20; round++) {
          session.truncate(random.nextInt(session.length() + 1));
          while (session.length() < ids.length) {
            int n = 1 + random.nextInt(ids.length - session.length());
            int[] piece = Arrays.copyOfRange(ids, session.length(), session.length() + n);
            float[] logits = session.prefill(piece);
            assertSame(expected[session.length() - 1], logits, "to " + session.length());
          }
        }
      }
    }
  }

  @Test
  void sessionsDoNotDisturbEachOther() {
    GptConfig config = RandomWeights.shape(2, 2, 32, 16, 50, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 7, 0.3f);
    int[] one = ids(config, 16, SEED + 8);
    int[] two = ids(config, 16, SEED + 9);
    try (CpuBackend backend = open(config, weights, 2, CpuKernelsProvider.kernels());
        Backend.Session a = backend.newSession();
        Backend.Session b = backend.newSession()) {
      float[][] expectedOne = prefillAll(backend, one);
      float[][] expectedTwo = prefillAll(backend, two);
      for (int t = 0; t < 16; t++) {
        assertSame(expectedOne[t], a.decode(one[t]), "first session at " + t);
        assertSame(expectedTwo[t], b.decode(two[t]), "second session at " + t);
      }
    }
  }

  /** On both backends: a copy goes on like its original, and neither disturbs the other. */
  @Test
  void aCopiedContextGoesOnByItself() {
    GptConfig config = RandomWeights.shape(2, 3, 39, 40, 50, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 17, 0.3f);
    int[] ids = ids(config, 40, SEED + 18);
    float[][] expected = prefillAll(new ReferenceBackend(config, weights), ids);
    try (CpuBackend fast = open(config, weights, 2, CpuKernelsProvider.kernels());
        ReferenceBackend plain = new ReferenceBackend(config, weights)) {
      for (Backend backend : List.of(fast, plain)) {
        try (Backend.Session a = backend.newSession();
            Backend.Session b = backend.newSession()) {
          b.prefill(ids(config, 39, SEED + 19));
          for (int length : new int[] {17, 1, 33}) {
            a.truncate(0);
            a.prefill(Arrays.copyOf(ids, length));
            b.copyFrom(a);
            a.decode(ids[0]);
            assertEquals(length, b.length());
            assertSame(expected[length], b.decode(ids[length]), "after " + length);
            a.truncate(length);
            assertSame(expected[length], a.decode(ids[length]), "original after " + length);
          }
          a.truncate(0);
          b.copyFrom(a);
          assertEquals(0, b.length());
          b.decode(ids[0]);
          b.copyFrom(b);
          assertEquals(1, b.length());
          Backend.Session others = new ReferenceBackend(config, weights).newSession();
          assertThrows(IllegalArgumentException.class, () -> a.copyFrom(others));
        }
      }
    }
  }

  @Test
  void untiedHeadAndEmbeddingAreKeptApart() {
    GptConfig config = RandomWeights.shape(1, 2, 16, 8, 30, true, Gelu.EXACT);
    Weights tied = RandomWeights.of(config, SEED + 10, 0.3f);
    Weights other = RandomWeights.of(config, SEED + 11, 0.3f);
    Weights untied = new Weights(tied.wte(), tied.wpe(), tied.h(), tied.lnF(), other.wte());
    int[] ids = ids(config, 8, SEED + 12);
    float[][] expected = prefillAll(new ReferenceBackend(config, untied), ids);
    try (CpuBackend backend = open(config, untied, 1, CpuKernelsProvider.kernels())) {
      assertSame(expected[7], prefillAll(backend, ids)[7], "untied");
    }
  }

  @Test
  void sameResultsOnEveryRunAndAnyNumberOfThreads() {
    GptConfig config = RandomWeights.shape(2, 4, 64, 64, 97, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 13, 0.3f);
    int[] ids = ids(config, 64, SEED + 14);
    float[] first = null;
    for (int threads : new int[] {1, 2, 4, 2}) {
      try (CpuBackend backend = open(config, weights, threads, CpuKernelsProvider.kernels())) {
        float[] logits = prefillAll(backend, ids)[63];
        first = first == null ? logits : first;
        assertArrayEquals(first, logits, threads + " threads");
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    GptConfig config = RandomWeights.shape(1, 1, 8, 4, 10, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 15, 0.3f);
    try (CpuBackend backend = open(config, weights, 1, CpuKernelsProvider.kernels());
        Backend.Session session = backend.newSession()) {
      session.prefill(new int[] {1, 2, 3});
      GptException full = assertThrows(GptException.class, () -> session.prefill(new int[] {4, 5}));
      assertTrue(full.getMessage().contains("holds 4 tokens"), full.getMessage());
      GptException id = assertThrows(GptException.class, () -> session.decode(10));
      assertTrue(id.getMessage().contains("token id 10"), id.getMessage());
      assertThrows(GptException.class, () -> session.decode(-1));
      assertThrows(IllegalArgumentException.class, () -> session.prefill(new int[0]));
      assertThrows(IllegalArgumentException.class, () -> session.truncate(4));
      assertEquals(3, session.length(), "a refused call changes nothing");
      session.decode(9);
      assertEquals(4, session.length());
    }
  }

  @Test
  void memoryIsCountedWithThePaddingOfPanels() {
    int width = CpuKernelsProvider.kernels().panelWidth();
    // One head of one channel: a value is padded to a whole panel.
    GptConfig config = RandomWeights.shape(1, 1, 1, width, 2, true, Gelu.EXACT);
    assertEquals(4L * (width + width * width), CpuBackend.cacheBytes(config));
    // c_attn 3 × 1, c_proj 1 × 1, c_fc 4 × 1, c_proj 1 × 4, wte 2 × 1: each in one panel.
    assertEquals(
        4L * width * (1 + 1 + 1 + 4 + 1), CpuBackend.weightBytes(config, true, Precision.F32));
    assertEquals(
        4L * width * (1 + 1 + 1 + 4 + 2), CpuBackend.weightBytes(config, false, Precision.F32));
  }

  @Test
  void closingTwiceDoesNothing() {
    GptConfig config = RandomWeights.shape(1, 1, 8, 4, 10, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED + 16, 0.3f);
    CpuBackend backend = open(config, weights, 2, CpuKernelsProvider.kernels());
    Backend.Session session = backend.newSession();
    session.decode(1);
    session.close();
    session.close();
    backend.close();
    backend.close();
  }
}
