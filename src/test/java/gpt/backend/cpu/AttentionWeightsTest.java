package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import gpt.GptException;
import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.CpuKernelsTest;
import gpt.backend.reference.ReferenceEngine;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.engine.Site;
import gpt.explore.AttentionWeights;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Attention weights of both engines, against each other and against a second implementation. */
class AttentionWeightsTest {
  private static final long SEED = 47_2026;
  private static final double TOLERANCE = 1e-5;

  private static float[][] weights(Engine engine, int[] ids, int layer, int head) {
    return AttentionWeights.of(engine, ids, layer, head);
  }

  private static void assertClose(float[][] expected, float[][] actual, String what) {
    assertEquals(expected.length, actual.length);
    for (int t = 0; t < expected.length; t++) {
      assertArrayEquals(expected[t], actual[t], (float) TOLERANCE, what + ", row " + t);
    }
  }

  /** More rows than one tile of queries. */
  @Test
  void bothEnginesGiveTheSameWeights() {
    GptConfig config = RandomWeights.shape(3, 5, 45, 64, 71, true, Gelu.EXACT);
    Weights random = RandomWeights.of(config, SEED, 0.25f);
    int[] ids = ids(config, 64, SEED + 1);
    try (ReferenceEngine reference = new ReferenceEngine(config, random)) {
      for (CpuKernels kernels : CpuKernelsTest.kernels().toList()) {
        try (CpuEngine fast =
            new CpuEngine(config, random, Precision.F32, 2, kernels, fraction -> {})) {
          for (int layer = 0; layer < 3; layer++) {
            for (int head = 0; head < 5; head++) {
              float[][] rows = weights(fast, ids, layer, head);
              assertClose(
                  weights(reference, ids, layer, head), rows, "h." + layer + " head " + head);
            }
          }
        }
      }
    }
  }

  private static int[] ids(GptConfig config, int n, long seed) {
    return new Random(seed).ints(n, 0, config.vocabSize()).toArray();
  }

  @Test
  void weightsEqualTheFormulas() {
    GptConfig config = RandomWeights.shape(2, 3, 12, 9, 20, true, Gelu.TANH);
    Weights random = RandomWeights.of(config, SEED + 2, 0.4f);
    int[] ids = ids(config, 9, SEED + 3);
    double[][][][] expected = Formulas.attention(config, random, ids);
    try (ReferenceEngine reference = new ReferenceEngine(config, random);
        CpuEngine fast = CpuEngine.open(config, random, 2)) {
      for (Engine engine : List.of(reference, fast)) {
        for (int layer = 0; layer < 2; layer++) {
          for (int head = 0; head < 3; head++) {
            float[][] rows = weights(engine, ids, layer, head);
            for (int t = 0; t < 9; t++) {
              String what = engine.device() + " h." + layer + " head " + head + " row " + t;
              assertEquals(t + 1, rows[t].length, what);
              double sum = 0;
              for (int s = 0; s <= t; s++) {
                assertEquals(expected[layer][head][t][s], rows[t][s], TOLERANCE, what);
                sum += rows[t][s];
              }
              assertEquals(1, sum, TOLERANCE, what);
            }
          }
        }
      }
    }
  }

  /** Logits are the same with and without the probe, and in the steps after it. */
  @Test
  void probingDoesNotChangeTheLogits() {
    GptConfig config = RandomWeights.shape(2, 3, 33, 40, 50, false, Gelu.EXACT);
    Weights random = RandomWeights.of(config, SEED + 4, 0.3f);
    int[] ids = ids(config, 40, SEED + 5);
    int[] start = Arrays.copyOf(ids, 17);
    int[] rest = Arrays.copyOfRange(ids, 17, 40);
    try (ReferenceEngine reference = new ReferenceEngine(config, random);
        CpuEngine fast = CpuEngine.open(config, random, 2)) {
      for (Engine engine : List.of(reference, fast)) {
        try (Context context = new Context(engine)) {
          float[] expected = context.append(ids).clone();
          float[][] whole = weights(engine, ids, 1, 2);
          context.truncate(0);
          context.probe(Site.WEIGHTS, 1, ids);
          context.truncate(0);
          context.append(start);
          float[][] second = context.probe(Site.WEIGHTS, 1, rest);
          for (int i = 0; i < second.length; i++) { // (nh, keys): those of head 2
            int keys = 17 + i + 1;
            second[i] = Arrays.copyOfRange(second[i], 2 * keys, 3 * keys);
          }
          assertClose(Arrays.copyOfRange(whole, 17, 40), second, engine.device());
          context.truncate(0);
          assertArrayEquals(expected, context.append(ids), engine.device());
        }
      }
    }
  }

  @Test
  void rejectsLayersAndHeadsOutOfRange() {
    GptConfig config = RandomWeights.shape(2, 3, 12, 9, 20, true, Gelu.EXACT);
    Weights random = RandomWeights.of(config, SEED + 6, 0.3f);
    int[] one = {1};
    try (ReferenceEngine reference = new ReferenceEngine(config, random);
        CpuEngine fast = CpuEngine.open(config, random, 1)) {
      for (Engine engine : List.of(reference, fast)) {
        for (int[] wrong : new int[][] {{2, 0}, {-1, 0}, {0, 3}, {0, -1}}) {
          assertThrows(GptException.class, () -> weights(engine, one, wrong[0], wrong[1]));
        }
        assertArrayEquals(weights(engine, one, 1, 2), AttentionWeights.ofAll(engine, one)[1][2]);
      }
    }
  }

  /** A second implementation of the model in double precision, as the papers write it. */
  private record Formulas(GptConfig config) {

    /** (layer, head, query, key). */
    static double[][][][] attention(GptConfig config, Weights w, int[] ids) {
      Formulas f = new Formulas(config);
      int c = config.nEmbd();
      int hs = c / config.nHead();
      double[][] x = new double[ids.length][c];
      for (int t = 0; t < ids.length; t++) {
        for (int i = 0; i < c; i++) {
          x[t][i] = w.wte().toArray()[ids[t] * c + i] + w.wpe().toArray()[t * c + i];
        }
      }
      double[][][][] all = new double[config.nLayer()][config.nHead()][ids.length][ids.length];
      for (int layer = 0; layer < config.nLayer(); layer++) {
        Weights.Block b = w.h(layer);
        double[][] qkv = new double[ids.length][];
        for (int t = 0; t < ids.length; t++) {
          qkv[t] = linear(b.attn().cAttn(), f.norm(b.ln1(), x[t]));
        }
        for (int t = 0; t < ids.length; t++) {
          double[] y = new double[c];
          for (int head = 0; head < config.nHead(); head++) {
            double[] att = all[layer][head][t];
            double sum = 0;
            for (int s = 0; s <= t; s++) {
              double dot = 0;
              for (int i = head * hs; i < (head + 1) * hs; i++) {
                dot += qkv[t][i] * qkv[s][c + i];
              }
              att[s] = Math.exp(dot / Math.sqrt(hs));
              sum += att[s];
            }
            for (int s = 0; s <= t; s++) {
              att[s] /= sum;
              for (int i = head * hs; i < (head + 1) * hs; i++) {
                y[i] += att[s] * qkv[s][2 * c + i];
              }
            }
          }
          add(x[t], linear(b.attn().cProj(), y));
        }
        for (double[] row : x) {
          double[] hidden = linear(b.mlp().cFc(), f.norm(b.ln2(), row));
          for (int i = 0; i < hidden.length; i++) {
            double v = hidden[i];
            hidden[i] =
                v / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v)));
          }
          add(row, linear(b.mlp().cProj(), hidden));
        }
      }
      return all;
    }

    private double[] norm(Weights.LayerNorm norm, double[] x) {
      double mean = Arrays.stream(x).average().orElseThrow();
      double variance = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
      double[] y = new double[x.length];
      for (int i = 0; i < x.length; i++) {
        double z = (x[i] - mean) / Math.sqrt(variance + config.layerNormEpsilon());
        y[i] = z * norm.weight().toArray()[i] + norm.bias().toArray()[i];
      }
      return y;
    }

    private static double[] linear(Weights.Linear linear, double[] x) {
      Tensor weight = linear.weight();
      float[] values = weight.toArray();
      double[] y = new double[weight.rows()];
      for (int row = 0; row < y.length; row++) {
        y[row] = linear.bias().toArray()[row];
        for (int i = 0; i < x.length; i++) {
          y[row] += values[row * x.length + i] * x[i];
        }
      }
      return y;
    }

    private static void add(double[] x, double[] y) {
      for (int i = 0; i < x.length; i++) {
        x[i] += y[i];
      }
    }
  }
}
