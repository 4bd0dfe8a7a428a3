package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.engine.Context;
import gpt.engine.RandomSchedules;
import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomBlocks;
import gpt.model.RandomWeights;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Matrices in the blocks of a GGUF file: how they are kept, and the kernels' products. */
public class QuantizedTest {
  private static final long SEED = 2020;
  private static final int MARGIN = PackedProduct.MARGIN;

  /** Error of rounding x to 8 bits relative to the product's power: 4e-5 on average. */
  private static final double MAX_NMSE = 2e-4;

  private static final List<DType> TYPES =
      Stream.of(DType.values()).filter(DType::quantized).toList();

  /** Bytes of 256 weights in memory, where they are not those of the file. */
  private static final Map<DType, Integer> LARGER =
      Map.of(DType.Q3_K, 146, DType.Q4_K, 148, DType.Q5_K, 180);

  @ParameterizedTest
  @MethodSource("gpt.backend.cpu.kernels.CpuKernelsTest#kernels")
  void weightsAreTheFiles(CpuKernels kernels) {
    Random random = new Random(SEED);
    for (DType type : TYPES) {
      int n = 2 * kernels.panelWidth() - 3;
      int k = 2 * type.block();
      // With small scales, which are subnormal as f16, and ordinary ones.
      for (float scale : new float[] {3e-5f, 0.1f}) {
        Tensor w = RandomBlocks.matrix("w", type, n, k, scale, random);
        try (PackedProduct packed = packed(kernels, w)) {
          int file = (int) type.bytes(256);
          int bytes = 2 * kernels.panelWidth() * k / 32 * LARGER.getOrDefault(type, file) / 8;
          assertEquals(bytes, packed.matrix().data().byteSize(), type.name());
          float[] expected = new float[k];
          float[] found = new float[k];
          for (int r = 0; r < n; r++) {
            w.row(r, 0, k, expected, 0);
            packed.matrix().row(r, found, 0);
            for (int i = 0; i < k; i++) {
              expected[i] += 0f; // −0 is 0
              found[i] += 0f;
            }
            assertArrayEquals(expected, found, type + " row " + r);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("gpt.backend.cpu.kernels.CpuKernelsTest#kernels")
  void productsAreThoseOfTheWeights(CpuKernels kernels) {
    Random random = new Random(SEED + 1);
    for (DType type : TYPES) {
      // Rows of x, rows of the matrix, columns in blocks: more than kernels multiply at a time.
      for (int[] shape :
          new int[][] {{1, 1, 1}, {1, 40, 5}, {5, 17, 4}, {QuantizedRows.FEW + 1, 3, 4}}) {
        Tensor w = RandomBlocks.matrix("w", type, shape[1], shape[2] * type.block(), 0.1f, random);
        product(kernels, random, shape[0], w);
      }
    }
  }

  private static void product(CpuKernels kernels, Random random, int rows, Tensor w) {
    int n = w.rows();
    int k = w.columns();
    String shape = w.dtype() + " rows " + rows + " k " + k + " n " + n;
    float[] x = CpuKernelsTest.gaussian(random, MARGIN + rows * k);
    for (int m = 0; m < rows; m++) { // the largest sums that 16 bits must hold
      Arrays.fill(x, MARGIN + m * k, MARGIN + m * k + 32, m % 2 == 0 ? 1 : -1);
    }
    try (PackedProduct packed = packed(kernels, w)) {
      float[] out = packed.with(kernels, x, rows);
      float[] same = packed.with(new ScalarKernels(kernels.panelWidth()), x, rows);
      assertArrayEquals(same, out, shape + ", scalar");
      float[] row = new float[k];
      double error = 0;
      double power = 0;
      for (int m = 0; m < rows; m++) {
        float[] alone =
            rows == 1 ? out : packed.with(kernels, Arrays.copyOfRange(x, m * k, x.length), 1);
        assertArrayEquals(
            Arrays.copyOfRange(alone, MARGIN, MARGIN + n),
            Arrays.copyOfRange(out, MARGIN + m * n, MARGIN + (m + 1) * n),
            shape + " row " + m);
        double[] rounded = rounded(x, MARGIN + m * k, k);
        for (int c = 0; c < n; c++) {
          w.row(c, 0, k, row, 0);
          double expected = 0;
          double exact = 0;
          double magnitude = 0;
          for (int i = 0; i < k; i++) {
            expected += row[i] * rounded[i];
            // A correction is the difference of two larger sums.
            magnitude += (Math.abs(row[i]) + 1) * Math.abs(rounded[i]);
            exact += (double) row[i] * x[MARGIN + m * k + i];
          }
          float found = out[MARGIN + m * n + c];
          assertEquals(expected, found, (k / 16 + 3) * 6e-7 * magnitude, shape);
          error += (found - exact) * (found - exact);
          power += exact * exact;
        }
      }
      assertTrue(n == 1 || error <= MAX_NMSE * power, shape + ": NMSE " + error / power);
    }
  }

  private static double[] rounded(float[] x, int from, int k) {
    double[] rounded = new double[k];
    for (int chunk = 0; chunk < k; chunk += 32) {
      float max = 0;
      for (int i = chunk; i < chunk + 32; i++) {
        max = Math.max(max, Math.abs(x[from + i]));
      }
      for (int i = chunk; i < chunk + 32; i++) {
        rounded[i] = Math.rint(x[from + i] * (127 / max)) * (max / 127);
      }
    }
    return rounded;
  }

  /** A value that is not a number spoils its own row. */
  @ParameterizedTest
  @MethodSource("gpt.backend.cpu.kernels.CpuKernelsTest#kernels")
  void badValuesStayInTheirRow(CpuKernels kernels) {
    Random random = new Random(SEED + 2);
    int n = 20;
    for (DType type : List.of(DType.Q4_0, DType.Q6_K)) {
      int k = type.block();
      Tensor w = RandomBlocks.matrix("w", type, n, k, 0.1f, random);
      try (PackedProduct packed = packed(kernels, w)) {
        float[] x = CpuKernelsTest.gaussian(random, MARGIN + 3 * k);
        float[] expected = packed.with(kernels, x, 3);
        x[MARGIN + k + 7] = random.nextBoolean() ? Float.NaN : Float.NEGATIVE_INFINITY;
        float[] out = packed.with(kernels, x, 3);
        for (int c = 0; c < n; c++) {
          assertEquals(expected[MARGIN + c], out[MARGIN + c]);
          assertTrue(!Float.isFinite(out[MARGIN + n + c]));
          assertEquals(expected[MARGIN + 2 * n + c], out[MARGIN + 2 * n + c]);
        }
      }
    }
  }

  @Test
  void rejectsScalesOutOfRange() {
    for (short scale : new short[] {0x7C00, 0x7E00, Float.floatToFloat16(2000)}) {
      byte[] bytes = new byte[18];
      bytes[0] = (byte) scale;
      bytes[1] = (byte) (scale >> 8);
      Tensor w = Tensor.matrix("blk.0.x", DType.Q4_0, 1, 32, MemorySegment.ofArray(bytes));
      GptException e =
          assertThrows(GptException.class, () -> packed(new ScalarKernels(8), w).close());
      assertTrue(e.getMessage().startsWith("blk.0.x: expected scales within"), e.getMessage());
    }
  }

  /** Every type in one model: the logits of its floats, whatever else is in a step. */
  @Test
  void aMixtureIsComputedInEveryStepAlike() {
    CpuKernels kernels = CpuKernelsProvider.kernels();
    GptConfig config = new GptConfig(3, 4, 256, 8, 40, 256, true, Gelu.TANH, 1e-5);
    Weights mixture = mixture(RandomWeights.of(config, SEED, 0.1f));
    assertEquals(TYPES.size(), mixture.quantizedTypes().size());
    int[] ids = new Random(SEED).ints(7, 0, config.vocabSize()).toArray();
    float[] expected;
    try (CpuEngine engine =
            new CpuEngine(config, mixture, Precision.F32, 1, kernels, fraction -> {});
        Context context = new Context(engine)) {
      expected = context.append(ids).clone();
    }
    try (CpuEngine engine =
        new CpuEngine(config, mixture, Precision.STORED, 2, kernels, fraction -> {})) {
      try (Context context = new Context(engine)) {
        float[] found = context.append(ids);
        double error = 0;
        double power = 0;
        for (int i = 0; i < found.length; i++) {
          error += (found[i] - expected[i]) * (found[i] - expected[i]);
          power += expected[i] * expected[i];
        }
        assertTrue(error < 1e-3 * power && error > 0, "NMSE " + error / power);
      }
      RandomSchedules.check(engine, 3, 1, SEED + 3);
    }
  }

  /** The same shape, its matrices in blocks of all types in turn; one f16 and one bf16. */
  static Weights mixture(Weights w) {
    Random random = new Random(SEED);
    List<DType> types = new ArrayList<>(TYPES);
    types.add(DType.BF16);
    types.add(DType.F16);
    List<Weights.Block> h = new ArrayList<>();
    for (Weights.Block b : w.h()) {
      h.add(
          new Weights.Block(
              b.ln1(),
              new Weights.Attention(
                  linear(b.attn().cAttn(), types, random), linear(b.attn().cProj(), types, random)),
              b.ln2(),
              new Weights.Mlp(
                  linear(b.mlp().cFc(), types, random), linear(b.mlp().cProj(), types, random))));
    }
    return new Weights(
        matrix(w.wte(), types, random), w.wpe(), h, w.lnF(), matrix(w.lmHead(), types, random));
  }

  private static Weights.Linear linear(Weights.Linear w, List<DType> types, Random random) {
    return new Weights.Linear(matrix(w.weight(), types, random), w.bias());
  }

  private static Tensor matrix(Tensor w, List<DType> types, Random random) {
    DType type = types.removeFirst();
    types.addLast(type);
    if (type.quantized()) {
      return RandomBlocks.matrix(w.name(), type, w.rows(), w.columns(), 0.1f, random);
    }
    byte[] bytes = new byte[2 * (int) w.size()]; // small values of both 16-bit types
    for (int i = 1; i < bytes.length; i += 2) {
      bytes[i] = (byte) (type == DType.F16 ? 0x2C : 0x3D);
      bytes[i] |= random.nextBoolean() ? (byte) 0x80 : 0;
    }
    return Tensor.matrix(w.name(), type, w.rows(), w.columns(), MemorySegment.ofArray(bytes));
  }

  private static PackedProduct packed(CpuKernels kernels, Tensor w) {
    return new PackedProduct(kernels, w, Precision.STORED);
  }
}
