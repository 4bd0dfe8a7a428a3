package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.backend.cpu.CpuEngine;
import gpt.backend.cpu.NativeMemory;
import gpt.backend.cpu.PackedMatrix;
import gpt.backend.cpu.Workers;
import gpt.engine.Context;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The scalar kernels give the vector kernels' bits; {@link TieredKernels} switches between them.
 */
class ScalarKernelsTest {
  private static final int MARGIN = 5;

  private final CpuKernels vector = new VectorKernels();
  private final CpuKernels scalar = new ScalarKernels(vector.panelWidth());
  private final WarmUp warmUp = new WarmUp(vector, Precision.F32, List.of());
  private final Random random = new Random(48);

  /** Calls both kernels with copies of the values and compares the results' bits. */
  private void assertSameBits(float[] values, String what, BiConsumer<CpuKernels, float[]> call) {
    float[] expected = values.clone();
    float[] actual = values.clone();
    call.accept(vector, expected);
    call.accept(scalar, actual);
    assertArrayEquals(bits(expected), bits(actual), what);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  private float[] gaussian(int n) {
    return CpuKernelsTest.gaussian(random, n);
  }

  @Test
  void productsHaveTheSameBits() {
    for (int rows = 1; rows <= 14; rows++) {
      for (int k : new int[] {1, 2, 3, 4, 7, 16, 33, 127, 192, 768, 769, 1537}) {
        int n = 1 + random.nextInt(3 * vector.panelWidth());
        product(rows, k, n);
      }
    }
  }

  private void product(int rows, int k, int n) {
    int xStride = k + random.nextInt(5);
    int outStride = n + random.nextInt(5);
    float[] x = gaussian(MARGIN + rows * xStride);
    Tensor w = Tensor.matrix("w", n, k, gaussian(n * k));
    try (NativeMemory memory = new NativeMemory();
        Workers workers = new Workers(1)) {
      PackedMatrix packed = PackedMatrix.pack(w, vector.panelWidth(), memory, workers);
      assertSameBits(
          gaussian(2 * MARGIN + rows * outStride),
          rows + " x " + k + " x " + n,
          (kernels, out) ->
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
                  outStride));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "F16", "I8"})
  void productsWithReducedPrecisionHaveTheSameBits(Precision precision) {
    for (int rows : new int[] {1, 2, 5, 17}) {
      for (int k : new int[] {1, 3, 33, 192, 257}) {
        int n = 1 + random.nextInt(6 * vector.panelWidth());
        float[] x = gaussian(rows * k);
        Tensor w = Tensor.matrix("w", n, k, gaussian(n * k));
        try (NativeMemory memory = new NativeMemory();
            Workers workers = new Workers(1)) {
          int width = vector.panelWidth();
          PackedMatrix packed = PackedMatrix.pack(w, width, precision, memory, workers);
          MemorySegment scratch = memory.allocate(4L * k * width);
          long bytes = packed.panelBytes();
          assertSameBits(
              new float[rows * n],
              rows + " x " + k + " x " + n,
              (kernels, out) ->
                  kernels.mixedPrecisionMatmul(
                      precision, x, 0, k, rows, packed.data(), 0, bytes, k, n, out, 0, n, scratch));
        }
      }
    }
  }

  /** Scalar or vector kernels at random in each call: a switch may come at any time. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void logitsHaveTheSameBitsWheneverKernelsAreSwitched(Precision precision) {
    boolean mixture = precision == Precision.STORED;
    int channels = mixture ? 256 : 96; // whole blocks of all types
    GptConfig config = new GptConfig(3, 4, channels, 9, 40, channels, true, Gelu.TANH, 1e-5);
    Weights weights = RandomWeights.of(config, 48, 0.1f);
    weights = mixture ? QuantizedTest.mixture(weights) : weights;
    int[] ids = random.ints(config.blockSize(), 0, config.vocabSize()).toArray();
    float[][] expected = logits(config, weights, precision, scalar, ids);
    float[][] found = logits(config, weights, precision, switching(), ids);
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(bits(expected[i]), bits(found[i]), precision + " step " + i);
    }
  }

  private CpuKernels switching() {
    InvocationHandler choice =
        (proxy, method, arguments) ->
            method.invoke(random.nextBoolean() ? vector : scalar, arguments);
    ClassLoader loader = CpuKernels.class.getClassLoader();
    return (CpuKernels) Proxy.newProxyInstance(loader, new Class<?>[] {CpuKernels.class}, choice);
  }

  /** Logits after a prompt of five tokens and after each of the others. */
  private static float[][] logits(
      GptConfig config, Weights weights, Precision precision, CpuKernels kernels, int[] ids) {
    float[][] logits = new float[ids.length - 4][];
    try (CpuEngine engine = new CpuEngine(config, weights, precision, 1, kernels, fraction -> {});
        Context context = new Context(engine)) {
      logits[0] = context.append(Arrays.copyOf(ids, 5)).clone();
      for (int i = 1; i < logits.length; i++) {
        logits[i] = context.append(ids[4 + i]).clone();
      }
    }
    return logits;
  }

  @Test
  void rowOperationsHaveTheSameBits() {
    for (int n = 1; n <= 200; n++) {
      int length = n;
      float[] x = gaussian(MARGIN + n);
      for (int i = 0; i < x.length; i++) {
        x[i] *= 4; // up to the activations' clamping limits and beyond
      }
      x[MARGIN + random.nextInt(n)] = random.nextBoolean() ? 1e4f : -1e4f;
      float[] weight = gaussian(n);
      float[] bias = random.nextBoolean() ? gaussian(n) : null;
      float[] out = new float[2 * MARGIN + n];
      assertSameBits(
          out, "norm " + n, (k, o) -> k.layerNorm(x, MARGIN, length, weight, bias, 1e-5f, o, 3));
      assertSameBits(x, "softmax " + n, (k, v) -> k.softmax(v, MARGIN, length, 0.3f));
      assertSameBits(x, "exact gelu " + n, (k, v) -> k.gelu(v, MARGIN, length, Gelu.EXACT));
      assertSameBits(x, "tanh gelu " + n, (k, v) -> k.gelu(v, MARGIN, length, Gelu.TANH));
      assertSameBits(x, "sum " + n, (k, v) -> k.add(v, MARGIN, weight, 0, length));
      assertSameBits(x, "product " + n, (k, v) -> k.multiply(v, MARGIN, weight, 0, length));
    }
  }

  @Test
  void switchesToTheVectorKernelsAfterTheBudget() throws InterruptedException {
    int k = 8;
    int n = vector.panelWidth();
    TieredKernels tiered = new TieredKernels(vector, warmUp, 2L * k * n);
    float[] x = gaussian(k);
    try (NativeMemory memory = new NativeMemory();
        Workers workers = new Workers(1)) {
      Tensor w = Tensor.matrix("w", n, k, gaussian(n * k));
      PackedMatrix packed = PackedMatrix.pack(w, n, memory, workers);
      BiConsumer<CpuKernels, float[]> call =
          (kernels, out) -> kernels.matmul(x, 0, k, 1, packed.data(), 0, 0, k, n, out, 0, n);
      float[] first = new float[n];
      call.accept(tiered, first);
      tiered.waitForCompiler(); // not started yet
      assertFalse(tiered.compiled());
      call.accept(tiered, new float[n]);
      tiered.waitForCompiler();
      assertTrue(tiered.compiled());
      float[] last = new float[n];
      call.accept(tiered, last);
      assertArrayEquals(bits(first), bits(last));
    }
  }

  @Test
  void switchesAtOnceWhereMoreThanTheBudgetIsAnnounced() {
    TieredKernels tiered = new TieredKernels(vector, warmUp, 1_000);
    tiered.expect(1_499);
    assertFalse(tiered.compiled());
    tiered.expect(1_500);
    assertTrue(tiered.compiled());
  }
}
