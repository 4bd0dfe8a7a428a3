package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.cpu.NativeMemory;
import gpt.backend.cpu.PackedMatrix;
import gpt.backend.cpu.Workers;
import gpt.model.Bf16;
import gpt.model.Precision;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Reduced-precision weights: how values are rounded, and the kernels' products with them. */
class ReducedPrecisionTest {
  private static final long SEED = 31;
  private static final int MARGIN = 3;
  private static final float GUARD = 1e30f;

  static Stream<Arguments> kernels() {
    return CpuKernelsTest.kernels()
        .flatMap(
            k ->
                Stream.of(Precision.BF16, Precision.F16, Precision.I8)
                    .map(p -> Arguments.of(k, p)));
  }

  @Test
  void bf16RoundsToTheNearest() {
    Random random = new Random(SEED);
    for (int i = 0; i < 100_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      if (!Float.isFinite(value) || Math.abs(value) > 3.38e38f) {
        continue;
      }
      short bits = Bf16.of(value);
      double found = Math.abs((double) Bf16.toFloat(bits) - value);
      for (int other : new int[] {bits - 1, bits + 1}) {
        double error = Math.abs((double) Bf16.toFloat((short) other) - value);
        assertTrue(!(error < found), "value " + value);
        assertTrue(error != found || (bits & 1) == 0, "a tie must round to even: " + value);
      }
    }
    assertTrue(Float.isNaN(Bf16.toFloat(Bf16.of(Float.NaN))));
    assertEquals(1.0f, Bf16.toFloat(Bf16.of(1.0f)));
  }

  @Test
  void rejectsWeightsOutOfF16sRange() {
    assertEquals(1023.5f, ReducedPrecision.fromF16(ReducedPrecision.toF16(1023.5f, "w")));
    for (float value : new float[] {1024f, Float.NaN, Float.NEGATIVE_INFINITY}) {
      GptException e =
          assertThrows(GptException.class, () -> ReducedPrecision.toF16(value, "h.0.x"));
      assertEquals(
          "h.0.x: expected weights within ±1023 for f16, found "
              + value
              + "; use --dtype bf16 or f32",
          e.getMessage());
    }
  }

  /** Every f16 value within the range, subnormal ones included, survives a round trip. */
  @Test
  void f16RoundTrips() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = Float.float16ToFloat((short) bits);
      if (Math.abs(value) < 1024) {
        assertEquals(value, ReducedPrecision.fromF16(ReducedPrecision.toF16(value, "w")));
      }
    }
  }

  /** The error is at most half a unit in the last place, or half a step of the row's scale. */
  @ParameterizedTest
  @MethodSource("kernels")
  void rowsAreRoundedToTheNearest(CpuKernels kernels, Precision precision) {
    Random random = new Random(SEED + 1);
    for (int n : List.of(1, 31, 33, 70)) {
      int k = 1 + random.nextInt(200);
      float[] values = CpuKernelsTest.gaussian(random, n * k);
      Arrays.fill(values, 0, k, 0); // a row of zeros
      Tensor w = Tensor.matrix("w", n, k, values);
      Tensor turned = Tensor.matrix("w", k, n, transposed(values, n, k)).transposed();
      try (NativeMemory memory = new NativeMemory();
          Workers workers = new Workers(2)) {
        int width = kernels.panelWidth();
        PackedMatrix packed = PackedMatrix.pack(w, width, precision, memory, workers);
        PackedMatrix other = PackedMatrix.pack(turned, width, precision, memory, workers);
        assertEquals(-1, packed.data().mismatch(other.data()));
        assertEquals(PackedMatrix.bytes(n, k, width, precision), packed.data().byteSize());
        float[] row = new float[k];
        for (int r = 0; r < n; r++) {
          packed.row(r, row, 0);
          float max = 0;
          for (int i = 0; i < k; i++) {
            max = Math.max(max, Math.abs(values[r * k + i]));
          }
          for (int i = 0; i < k; i++) {
            float value = values[r * k + i];
            double allowed =
                switch (precision) {
                  case BF16 -> Math.abs(value) * 0x1p-8;
                  case F16 -> Math.abs(value) * 0x1p-11 + 0x1p-25;
                  default -> max / 127 * 0.5001;
                };
            assertEquals(value, row[i], allowed, precision + " row " + r);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void productsUseTheRoundedWeights(CpuKernels kernels, Precision precision) {
    Random random = new Random(SEED + 2);
    int[] depths = {1, 3, 4, 5, 31, 64, 127, 769, 1600};
    int[] outputs = {1, 15, 16, 17, 32, 33, 63, 100};
    for (int rows : new int[] {1, 2, 3, 4, 5, 6, 7, 16}) {
      for (int k : depths) {
        product(kernels, precision, random, rows, k, outputs[random.nextInt(outputs.length)]);
      }
    }
  }

  private static void product(
      CpuKernels kernels, Precision precision, Random random, int rows, int k, int n) {
    String shape = precision + " rows " + rows + " k " + k + " n " + n;
    float[] x = CpuKernelsTest.gaussian(random, MARGIN + rows * k);
    float[] w = CpuKernelsTest.gaussian(random, n * k);
    w[0] = 3e-6f; // subnormal as f16
    float[] out = new float[2 * MARGIN + rows * n];
    Arrays.fill(out, GUARD);
    try (NativeMemory memory = new NativeMemory();
        Workers workers = new Workers(1)) {
      int width = kernels.panelWidth();
      PackedMatrix packed =
          PackedMatrix.pack(Tensor.matrix("w", n, k, w), width, precision, memory, workers);
      MemorySegment scratch = memory.allocate(4L * k * width);
      MemorySegment data = packed.data();
      long bytes = packed.panelBytes();
      kernels.mixedPrecisionMatmul(
          precision, x, MARGIN, k, rows, data, 0, bytes, k, n, out, MARGIN, n, scratch);
      float[] alone = new float[n];
      for (int m = 0; m < rows; m++) {
        int at = MARGIN + m * k;
        kernels.mixedPrecisionMatmul(
            precision, x, at, k, 1, data, 0, bytes, k, n, alone, 0, n, scratch);
        int from = MARGIN + m * n;
        assertArrayEquals(alone, Arrays.copyOfRange(out, from, from + n), shape + " row " + m);
      }
      float[] row = new float[k];
      for (int c = 0; c < n; c++) {
        packed.row(c, row, 0);
        double scale = packed.scales() == null ? 1 : packed.scales()[c];
        for (int m = 0; m < rows; m++) {
          double sum = 0;
          double magnitude = 0;
          for (int i = 0; i < k; i++) {
            double term = (double) x[MARGIN + m * k + i] * row[i];
            sum += term;
            magnitude += Math.abs(term);
          }
          double found = out[MARGIN + m * n + c] * scale;
          assertEquals(sum, found, (k + 3) * 6e-8 * magnitude + 1e-30, shape);
        }
      }
    }
    for (int i = 0; i < MARGIN; i++) {
      assertEquals(GUARD, out[i], shape);
      assertEquals(GUARD, out[out.length - 1 - i], shape);
    }
  }

  @ParameterizedTest
  @MethodSource("gpt.backend.cpu.kernels.CpuKernelsTest#kernels")
  void multiplyIsElementwise(CpuKernels kernels) {
    Random random = new Random(SEED + 3);
    for (int n : List.of(1, 7, 16, 17, 100)) {
      float[] x = CpuKernelsTest.gaussian(random, n + 2);
      float[] y = CpuKernelsTest.gaussian(random, n + 1);
      float[] expected = x.clone();
      for (int i = 0; i < n; i++) {
        expected[1 + i] *= y[1 + i];
      }
      kernels.multiply(x, 1, y, 1, n);
      assertTrue(Arrays.equals(expected, x));
    }
  }

  private static float[] transposed(float[] values, int n, int k) {
    float[] turned = new float[n * k];
    for (int r = 0; r < n; r++) {
      for (int c = 0; c < k; c++) {
        turned[c * n + r] = values[r * k + c];
      }
    }
    return turned;
  }
}
