package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.backend.cpu.NativeMemory;
import gpt.backend.cpu.PackedMatrix;
import gpt.backend.cpu.Workers;
import gpt.backend.reference.ReferenceEngine;
import gpt.model.Gelu;
import gpt.model.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * All kernel implementations against double precision. Outputs are poisoned with NaN before each
 * call, and guard values before and after them must not change.
 */
public class CpuKernelsTest {
  private static final long SEED = 20260;
  private static final float GUARD = 12345.678f;
  private static final int MARGIN = 40;

  public static Stream<CpuKernels> kernels() {
    CpuKernels vector = new VectorKernels();
    return Stream.of(new ScalarKernels(8), vector, new ScalarKernels(vector.panelWidth()));
  }

  public static void assertClose(double expected, double actual, double tolerance, String what) {
    assertTrue(
        Math.abs(expected - actual) <= tolerance,
        () -> what + ": expected " + expected + ", found " + actual + ", tolerance " + tolerance);
  }

  /** The provider loads the class by name, and would silently run plain Java without it. */
  @Test
  void theVectorKernelsAreLoaded() {
    assertNull(CpuKernelsProvider.fallbackReason());
    assertEquals(VectorKernels.class, CpuKernelsProvider.kernels().getClass());
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void matmulEqualsTheSumInDoublePrecision(CpuKernels kernels) {
    Random random = new Random(SEED);
    // The vector kernels block k by 768, the scalar ones by 256.
    int[] depths = {1, 2, 3, 5, 7, 16, 33, 64, 127, 768, 769, 1537, 3072};
    int[] outputs = {1, 5, 15, 16, 17, 31, 32, 33, 63, 65, 100, 257};
    for (int rows = 1; rows <= 14; rows++) {
      for (int k : depths) {
        int n = outputs[random.nextInt(outputs.length)];
        matmul(kernels, random, rows, k, n, "rows " + rows + " k " + k + " n " + n);
      }
    }
  }

  private static void matmul(
      CpuKernels kernels, Random random, int rows, int k, int n, String shape) {
    int xStride = k + random.nextInt(5);
    int outStride = n + random.nextInt(5);
    float[] x = gaussian(random, MARGIN + rows * xStride);
    float[] w = gaussian(random, n * k);
    float[] out = new float[2 * MARGIN + rows * outStride];
    Arrays.fill(out, GUARD);
    for (int m = 0; m < rows; m++) {
      Arrays.fill(out, MARGIN + m * outStride, MARGIN + m * outStride + n, Float.NaN);
    }
    Tensor tensor = Tensor.matrix("w", n, k, w);
    try (NativeMemory memory = new NativeMemory();
        Workers workers = new Workers(1)) {
      PackedMatrix packed = PackedMatrix.pack(tensor, kernels.panelWidth(), memory, workers);
      kernels.matmul(
          x,
          MARGIN,
          xStride,
          rows,
          packed.data(),
          0,
          packed.panelBytes(),
          k,
          n,
          out,
          MARGIN,
          outStride);
    }
    for (int at = 0; at < out.length; at++) {
      int m = Math.floorDiv(at - MARGIN, outStride);
      int c = Math.floorMod(at - MARGIN, outStride);
      if (m < 0 || m >= rows || c >= n) {
        assertEquals(GUARD, out[at], shape + ": wrote outside its rows");
        continue;
      }
      double sum = 0;
      double magnitude = 0;
      for (int i = 0; i < k; i++) {
        double product = (double) x[MARGIN + m * xStride + i] * w[c * k + i];
        sum += product;
        magnitude += Math.abs(product);
      }
      // Any order of k float32 multiply-adds stays within (k + 1) roundings of the magnitude.
      assertClose(sum, out[at], (k + 1) * 6e-8 * magnitude + 1e-30, shape + " row " + m + " " + c);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void layerNormEqualsTheFormulaInDoublePrecision(CpuKernels kernels) {
    Random random = new Random(SEED + 1);
    for (int n : List.of(1, 2, 5, 15, 16, 17, 33, 192, 768, 1601)) {
      float[] x = gaussian(random, n + MARGIN);
      for (int i = 0; i < n; i++) {
        x[MARGIN + i] = 3 * x[MARGIN + i] + 5;
      }
      float[] weight = gaussian(random, n);
      float[] bias = random.nextBoolean() ? gaussian(random, n) : null;
      float[] out = new float[n + 2 * MARGIN];
      Arrays.fill(out, GUARD);
      Arrays.fill(out, MARGIN, MARGIN + n, Float.NaN);
      kernels.layerNorm(x, MARGIN, n, weight, bias, 1e-5f, out, MARGIN);
      double mean = 0;
      for (int i = 0; i < n; i++) {
        mean += (double) x[MARGIN + i] / n;
      }
      double variance = 0;
      for (int i = 0; i < n; i++) {
        variance += Math.pow(x[MARGIN + i] - mean, 2) / n;
      }
      for (int i = 0; i < n; i++) {
        double y = (x[MARGIN + i] - mean) / Math.sqrt(variance + 1e-5) * weight[i];
        y += bias == null ? 0 : bias[i];
        // With one element the deviation is exactly 0; otherwise a few roundings of values near 5.
        assertClose(y, out[MARGIN + i], 2e-5, "n " + n + " element " + i);
      }
      assertGuards(out, n);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void softmaxEqualsTheFormulaInDoublePrecision(CpuKernels kernels) {
    Random random = new Random(SEED + 2);
    for (int n : List.of(1, 2, 5, 15, 16, 17, 33, 255, 1024)) {
      for (float spread : new float[] {0, 1, 50, 1000}) {
        float[] x = new float[n + 2 * MARGIN];
        Arrays.fill(x, GUARD);
        double[] expected = new double[n];
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
          x[MARGIN + i] = spread * (float) random.nextGaussian();
          expected[i] = x[MARGIN + i] * 0.125;
          max = Math.max(max, expected[i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
          expected[i] = Math.exp(expected[i] - max);
          sum += expected[i];
        }
        kernels.softmax(x, MARGIN, n, 0.125f);
        double total = 0;
        for (int i = 0; i < n; i++) {
          assertClose(expected[i] / sum, x[MARGIN + i], 2e-6, "n " + n + " spread " + spread);
          total += x[MARGIN + i];
        }
        assertClose(1, total, 1e-5, "sum");
        assertGuards(x, n);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void geluEqualsTheFormulaInDoublePrecision(CpuKernels kernels) {
    for (Gelu form : Gelu.values()) {
      int n = 40_003;
      float[] x = new float[n + 2 * MARGIN];
      Arrays.fill(x, GUARD);
      for (int i = 0; i < n; i++) {
        x[MARGIN + i] = (i - n / 2) * 1e-3f; // −20 … 20
      }
      float[] before = x.clone();
      kernels.gelu(x, MARGIN, n, form);
      for (int i = MARGIN; i < MARGIN + n; i++) {
        double y = ReferenceEngine.gelu(before[i], form);
        assertClose(y, x[i], 1e-6 * (1 + Math.abs(y)), form + " at " + before[i]);
      }
      assertGuards(x, n);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void geluAndSoftmaxPropagateNaN(CpuKernels kernels) {
    for (Gelu form : Gelu.values()) {
      float[] x = new float[37];
      Arrays.fill(x, Float.NaN);
      kernels.gelu(x, 0, x.length, form);
      for (float v : x) {
        assertTrue(Float.isNaN(v), form + " hides a NaN");
      }
    }
    float[] x = new float[37];
    x[3] = Float.NaN;
    kernels.softmax(x, 0, x.length, 1);
    assertTrue(Float.isNaN(x[3]), "softmax hides a NaN");
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void addIsElementwise(CpuKernels kernels) {
    Random random = new Random(SEED + 3);
    for (int n : List.of(1, 16, 17, 100)) {
      float[] x = gaussian(random, n + 2 * MARGIN);
      float[] y = gaussian(random, n + 3);
      float[] expected = x.clone();
      for (int i = 0; i < n; i++) {
        expected[MARGIN + i] += y[3 + i];
      }
      kernels.add(x, MARGIN, y, 3, n);
      assertTrue(Arrays.equals(expected, x), "n " + n);
    }
  }

  private static void assertGuards(float[] out, int n) {
    for (int i = 0; i < MARGIN; i++) {
      assertEquals(GUARD, out[i], "wrote before the output");
      assertEquals(GUARD, out[MARGIN + n + i], "wrote after the output");
    }
  }

  public static float[] gaussian(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
