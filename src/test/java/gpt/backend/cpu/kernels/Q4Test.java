package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.model.DType;
import gpt.model.Precision;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** 4-bit weights: how they are rounded and stored, and the kernels' products with them. */
class Q4Test {
  private static final long SEED = 404;
  private static final int MARGIN = PackedProduct.MARGIN;

  /** Error of both roundings relative to the product's power: 0.0065 on average. */
  private static final double MAX_NMSE = 0.012;

  @ParameterizedTest
  @MethodSource("gpt.backend.cpu.kernels.CpuKernelsTest#kernels")
  void weightsAreRoundedToTheNearest(CpuKernels kernels) {
    Random random = new Random(SEED);
    int n = 37;
    int k = 96;
    float[] values = CpuKernelsTest.gaussian(random, n * k);
    Arrays.fill(values, 0, k, 0); // a row of zeros
    Arrays.fill(values, k, 2 * k, 3e-6f); // a scale that is subnormal as f16
    float[] turned = new float[n * k];
    for (int i = 0; i < n * k; i++) {
      turned[i % k * n + i / k] = values[i];
    }
    try (PackedProduct packed = packed(kernels, Tensor.matrix("w", n, k, values));
        PackedProduct other = packed(kernels, Tensor.matrix("w", k, n, turned).transposed())) {
      assertEquals(-1, packed.matrix().data().mismatch(other.matrix().data()));
      int panels = Math.ceilDiv(n, kernels.panelWidth()) * kernels.panelWidth();
      assertEquals(panels * k / 32 * 18, packed.matrix().data().byteSize());
      float[] row = new float[k];
      for (int r = 0; r < n; r++) {
        packed.matrix().row(r, row, 0);
        for (int block = 0; block < k; block += 32) {
          float max = 0;
          for (int i = block; i < block + 32; i++) {
            max = Math.max(max, Math.abs(values[r * k + i]));
          }
          for (int i = block; i < block + 32; i++) {
            // The scale is max / 8.5 to max / 7.5. A value beyond 7.5 scales becomes 7 scales.
            double allowed = Math.abs(values[r * k + i]) > max * 0.85 ? max * 0.18 : max / 14.9;
            assertEquals(values[r * k + i], row[i], allowed, "row " + r + " column " + i);
          }
        }
      }
    }
  }

  /** Of scales that make the extreme weight −8, −8.5 or −7.5; the first one alone is 7% worse. */
  @Test
  void scalesHaveTheLeastError() {
    int k = 512 * 32;
    float[] values = CpuKernelsTest.gaussian(new Random(SEED + 4), k);
    float[] row = new float[k];
    try (PackedProduct packed = packed(new ScalarKernels(8), Tensor.matrix("w", 1, k, values))) {
      packed.matrix().row(0, row, 0);
    }
    double found = 0;
    double least = 0;
    double first = 0;
    for (int block = 0; block < k; block += 32) {
      float extreme = 0;
      for (int i = block; i < block + 32; i++) {
        extreme = Math.abs(values[i]) > Math.abs(extreme) ? values[i] : extreme;
        found += (row[i] - values[i]) * (row[i] - values[i]);
      }
      double whole = error(values, block, extreme / -8);
      first += whole;
      double half = error(values, block, extreme / -8.5f);
      least += Math.min(Math.min(whole, half), error(values, block, extreme / -7.5f));
    }
    assertTrue(found < 1.002 * least, found + ", least " + least);
    assertTrue(found < 0.95 * first, found + ", with the first " + first);
  }

  private static double error(float[] values, int from, float scale) {
    double sum = 0;
    for (int i = from; i < from + 32; i++) {
      double error = Math.clamp(Math.rint(values[i] / scale), -8, 7) * scale - values[i];
      sum += error * error;
    }
    return sum;
  }

  /** Any values of Q4_0, not only those of ggml's own quantization, are kept bit for bit. */
  @Test
  void blocksOfAFileAreKept() {
    Random random = new Random(SEED + 1);
    int n = 33;
    int k = 64;
    byte[] bytes = new byte[n * k / 32 * 18];
    random.nextBytes(bytes);
    MemorySegment data = MemorySegment.ofArray(bytes);
    for (int at = 0; at < bytes.length; at += 18) {
      float scale = (float) random.nextGaussian() * (at % 36 == 0 ? 0.01f : 1e-7f);
      data.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, Float.floatToFloat16(scale));
      if (at % 54 == 0) {
        Arrays.fill(bytes, at + 2, at + 18, (byte) random.nextInt()); // two values only
      }
    }
    Tensor w = Tensor.matrix("w", DType.Q4_0, n, k, data);
    try (PackedProduct packed = packed(new ScalarKernels(8), w)) {
      float[] row = new float[k];
      for (int r = 0; r < n; r++) {
        packed.matrix().row(r, row, 0);
        for (int i = 0; i < k; i++) {
          assertEquals(w.get(r, i) + 0f, row[i] + 0f, "row " + r + " column " + i); // −0 is 0
        }
      }
    }
  }

  @Test
  void rejectsWeightsOutOfRange() {
    for (float value : new float[] {1e6f, Float.NaN, Float.NEGATIVE_INFINITY}) {
      float[] values = new float[32];
      values[5] = value;
      values[9] = 1;
      Tensor w = Tensor.matrix("h.0.x", 1, 32, values);
      GptException e =
          assertThrows(GptException.class, () -> packed(new ScalarKernels(8), w).close());
      assertEquals(
          "h.0.x: expected weights within ±7680 for q4, found "
              + value
              + "; use --dtype bf16 or f32",
          e.getMessage());
    }
  }

  @ParameterizedTest
  @MethodSource("gpt.backend.cpu.kernels.CpuKernelsTest#kernels")
  void productsUseTheRoundedValues(CpuKernels kernels) {
    Random random = new Random(SEED + 2);
    int[] outputs = {1, 15, 16, 17, 33, 63, 64, 100};
    for (int rows : new int[] {1, 2, 3, 17, 21, 24}) {
      for (int k : new int[] {32, 64, 160, 1088}) {
        product(kernels, random, rows, k, outputs[random.nextInt(outputs.length)]);
      }
    }
  }

  private static void product(CpuKernels kernels, Random random, int rows, int k, int n) {
    String shape = "rows " + rows + " k " + k + " n " + n;
    float[] x = CpuKernelsTest.gaussian(random, MARGIN + rows * k);
    float[] w = CpuKernelsTest.gaussian(random, n * k);
    extremes(x, w, k);
    try (PackedProduct packed = packed(kernels, Tensor.matrix("w", n, k, w))) {
      float[] out = packed.with(kernels, x, rows);
      float[] same = packed.with(new ScalarKernels(kernels.panelWidth()), x, rows);
      assertArrayEquals(same, out, shape + ", scalar");
      float[] row = new float[k];
      double error = 0;
      double power = 0;
      for (int m = 0; m < rows; m++) {
        double[] roundedX = rounded(x, MARGIN + m * k, k);
        float[] alone = packed.with(kernels, Arrays.copyOfRange(x, m * k, x.length), 1);
        float[] found = Arrays.copyOfRange(out, MARGIN + m * n, MARGIN + (m + 1) * n);
        assertArrayEquals(
            Arrays.copyOfRange(alone, MARGIN, MARGIN + n), found, shape + " row " + m);
        for (int c = 0; c < n; c++) {
          packed.matrix().row(c, row, 0);
          double rounded = 0;
          double exact = 0;
          double magnitude = 0;
          for (int i = 0; i < k; i++) {
            double term = row[i] * roundedX[i];
            rounded += term;
            magnitude += Math.abs(term);
            exact += (double) w[c * k + i] * x[MARGIN + m * k + i];
          }
          assertEquals(rounded, found[c], (k / 32 + 3) * 6e-7 * magnitude + 1e-30, shape);
          error += (found[c] - exact) * (found[c] - exact);
          power += exact * exact;
        }
      }
      assertTrue(error <= MAX_NMSE * power + 1e-20, shape + ": NMSE " + error / power);
    }
  }

  /** The largest sums of products that 16 bits must hold, in the first block of all rows. */
  private static void extremes(float[] x, float[] w, int k) {
    for (int at = MARGIN; at < x.length; at += k) {
      Arrays.fill(x, at, at + 32, at % 2 == 0 ? 1 : -1);
    }
    for (int at = 0; at < w.length; at += k) {
      Arrays.fill(w, at, at + 32, at / k % 2 == 0 ? -1 : 1);
    }
  }

  private static double[] rounded(float[] x, int from, int k) {
    double[] rounded = new double[k];
    for (int block = 0; block < k; block += 32) {
      float max = 0;
      for (int i = block; i < block + 32; i++) {
        max = Math.max(max, Math.abs(x[from + i]));
      }
      for (int i = block; i < block + 32; i++) {
        rounded[i] = Math.rint(x[from + i] * (127 / max)) * (max / 127);
      }
    }
    return rounded;
  }

  /** A value that is not a number spoils its own row, even where the integers are all 0. */
  @ParameterizedTest
  @MethodSource("gpt.backend.cpu.kernels.CpuKernelsTest#kernels")
  void badValuesStayInTheirRow(CpuKernels kernels) {
    Random random = new Random(SEED + 3);
    int k = 64;
    int n = 20;
    Tensor w = Tensor.matrix("w", n, k, CpuKernelsTest.gaussian(random, n * k));
    try (PackedProduct packed = packed(kernels, w)) {
      float[] x = CpuKernelsTest.gaussian(random, MARGIN + 5 * k);
      float[] expected = packed.with(kernels, x, 5);
      Arrays.fill(x, MARGIN + 2 * k, MARGIN + 3 * k, 1e-38f); // too small for an inverse
      x[MARGIN + k + 40] = Float.NaN;
      x[MARGIN + 3 * k + 1] = Float.POSITIVE_INFINITY;
      float[] out = packed.with(kernels, x, 5);
      for (int c = 0; c < n; c++) {
        assertEquals(expected[MARGIN + c], out[MARGIN + c]);
        assertTrue(Float.isNaN(out[MARGIN + n + c]));
        assertEquals(0, out[MARGIN + 2 * n + c]);
        assertTrue(!Float.isFinite(out[MARGIN + 3 * n + c]));
        assertEquals(expected[MARGIN + 4 * n + c], out[MARGIN + 4 * n + c]);
      }
    }
  }

  private static PackedProduct packed(CpuKernels kernels, Tensor w) {
    return new PackedProduct(kernels, w, Precision.Q4);
  }
}
