package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.backend.reference.ReferenceEngine;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.explore.Activations;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The probes of activations, against the reference in double precision. */
class ActivationsTest {
  private static final long SEED = 48_2026;

  /** 1e-5 of the largest values, which are near 10. */
  private static final float TOLERANCE = 1e-4f;

  private static final int LAYERS = 3;

  private final GptConfig config = RandomWeights.shape(LAYERS, 5, 45, 64, 71, true, Gelu.EXACT);
  private final Weights weights = RandomWeights.of(config, SEED, 0.25f);

  private int[] ids(int n, int seed) {
    return new Random(SEED + seed).ints(n, 0, config.vocabSize()).toArray();
  }

  @Test
  void everySiteEqualsTheReferences() {
    int[] ids = ids(30, 1); // more than one tile of queries
    try (ReferenceEngine plain = new ReferenceEngine(config, weights)) {
      for (CpuKernels kernels : CpuKernelsTest.kernels().toList()) {
        try (CpuEngine fast =
            new CpuEngine(config, weights, Precision.F32, 2, kernels, fraction -> {})) {
          for (Site site : Site.values()) {
            for (int layer = 0; layer < site.layers(config); layer++) {
              float[][] expected = Activations.of(plain, ids, site, layer);
              float[][] found = Activations.of(fast, ids, site, layer);
              for (int t = 0; t < ids.length; t++) {
                String where = kernels.description() + ", " + site + " " + layer + ", row " + t;
                assertArrayEquals(expected[t], found[t], TOLERANCE, where);
              }
            }
          }
        }
      }
    }
  }

  /** The stream is what the blocks add to it. */
  @Test
  void blocksAddToTheStream() {
    int[] ids = ids(5, 4);
    try (CpuEngine engine = CpuEngine.open(config, weights, 1)) {
      for (int layer = 0; layer < LAYERS; layer++) {
        float[] before = Activations.of(engine, ids, Site.RESID, layer)[4];
        float[] attn = Activations.of(engine, ids, Site.ATTN, layer)[4];
        float[] mlp = Activations.of(engine, ids, Site.MLP, layer)[4];
        float[] after = Activations.of(engine, ids, Site.RESID, layer + 1)[4];
        for (int i = 0; i < after.length; i++) {
          assertEquals(before[i] + attn[i] + mlp[i], after[i], "layer " + layer);
        }
      }
    }
  }

  /** Several sequences with different wants, and a prompt in two chunks, give the same bits. */
  @Test
  void otherSequencesDoNotChangeTheBits() {
    try (CpuEngine engine = CpuEngine.open(config, weights, 2)) {
      for (Site site : Site.values()) {
        int layer = site.layers(config) - 1;
        int[] ids = ids(20, 1);
        float[][] alone = Activations.of(engine, ids, site, layer);
        float[][] chunk1 = new float[12][];
        float[][] chunk2 = new float[8][];
        float[][] last = new float[7][];
        float[] logits = new float[config.vocabSize()];
        try (Sequence a = engine.open();
            Sequence b = engine.open();
            Sequence c = engine.open()) {
          Want first =
              new Want.Logits(1, (pos, row) -> System.arraycopy(row, 0, logits, 0, logits.length));
          engine.step(
              List.of(
                  new Work(b, ids(9, 2), first),
                  new Work(a, Arrays.copyOf(ids, 12), Context.probe(site, layer, chunk1, 0)),
                  new Work(c, ids(7, 3), Context.probe(Site.RESID, LAYERS, last, 0))));
          engine.step(
              List.of(
                  new Work(
                      a, Arrays.copyOfRange(ids, 12, 20), Context.probe(site, layer, chunk2, 12))));
        }
        for (int t = 0; t < 20; t++) {
          float[] found = t < 12 ? chunk1[t] : chunk2[t - 12];
          assertArrayEquals(alone[t], found, site + ", position " + t);
        }
        assertArrayEquals(Activations.of(engine, ids(7, 3), Site.RESID, LAYERS), last);
        try (Context context = new Context(engine)) {
          assertArrayEquals(context.append(ids(9, 2)), logits);
        }
      }
    }
  }

  /** A long text is read in steps of at most 32 rows, and has the bits of a single step. */
  @Test
  void longTextsAreReadInChunks() {
    int[] ids = ids(45, 6);
    try (CpuEngine engine = CpuEngine.open(config, weights, 2)) {
      AtomicInteger rows = new AtomicInteger();
      Engine counting = counting(engine, rows);
      for (Site site : Site.values()) {
        float[][] expected = new float[ids.length][];
        try (Sequence sequence = engine.open()) {
          engine.step(List.of(new Work(sequence, ids, Context.probe(site, 1, expected, 0))));
        }
        assertArrayEquals(expected, Activations.of(counting, ids, site, 1), site.toString());
      }
      assertEquals(32, rows.get());
    }
  }

  /** The engine, with the largest number of rows of a step. */
  private static Engine counting(Engine engine, AtomicInteger rows) {
    InvocationHandler count =
        (proxy, method, arguments) -> {
          if (method.getName().equals("step")) {
            int n =
                ((List<?>) arguments[0])
                    .stream().mapToInt(work -> ((Work) work).append().length).sum();
            rows.accumulateAndGet(n, Math::max);
          }
          return method.invoke(engine, arguments);
        };
    return (Engine)
        Proxy.newProxyInstance(Engine.class.getClassLoader(), new Class<?>[] {Engine.class}, count);
  }

  /** The head applied to the last block's output gives the bits of the model's own logits. */
  @Test
  void logitsOfTheLastStreamAreTheModelsOwn() {
    int[] ids = ids(53, 5); // more rows than one batch of logits
    try (ReferenceEngine plain = new ReferenceEngine(config, weights);
        CpuEngine fast = CpuEngine.open(config, weights, 2)) {
      for (Engine engine : List.of(plain, fast)) {
        float[][] expected = new float[ids.length][];
        int v = config.vocabSize();
        try (Context context = new Context(engine)) {
          context.append(ids, (pos, logits) -> expected[pos] = Arrays.copyOf(logits, v));
        }
        engine.logits(
            Activations.of(engine, ids, Site.RESID, LAYERS),
            (row, logits) -> {
              float[] found = Arrays.copyOf(logits, v);
              if (engine == fast) {
                assertArrayEquals(expected[row], found);
              } else { // the double precision stream was rounded to floats
                assertArrayEquals(expected[row], found, TOLERANCE);
              }
            });
      }
    }
  }

  @Test
  void rejectsLayersOutOfRange() {
    try (CpuEngine engine = CpuEngine.open(config, weights, 1)) {
      int[] one = {1};
      for (int wrong : new int[] {LAYERS + 1, -1}) {
        assertThrows(GptException.class, () -> Activations.of(engine, one, Site.RESID, wrong));
      }
      assertThrows(GptException.class, () -> Activations.of(engine, one, Site.MLP, LAYERS));
    }
  }
}
