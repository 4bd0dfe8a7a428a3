package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.runtime.Matrix;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A model's weights as the kernels read them. Each kind of weight is one array for all blocks, (L,
 * out, in). Matrices have the requested precision; norms, biases and position embeddings are f32. A
 * bias that the model lacks is zeros.
 */
final class DeviceWeights {
  /** Rows of a transposed matrix that are read together: the floats of one cache line. */
  private static final int ROWS = 16;

  final Matrix wte; // (V, C)
  final FloatArray wpe; // (block_size, C)
  final FloatArray ln1Weight; // (L, C)
  final FloatArray ln1Bias;
  final Matrix cAttn; // (L, 3C, C)
  final FloatArray cAttnBias;
  final Matrix attnProj; // (L, C, C)
  final FloatArray attnProjBias;
  final FloatArray ln2Weight;
  final FloatArray ln2Bias;
  final Matrix cFc; // (L, H, C)
  final FloatArray cFcBias;
  final Matrix mlpProj; // (L, C, H)
  final FloatArray mlpProjBias;
  final FloatArray lnFWeight; // (C)
  final FloatArray lnFBias;
  final Matrix lmHead; // (V, C), wte itself where they are tied

  private final Precision precision;
  private final DoubleConsumer progress;
  private final List<Runnable> copies = new ArrayList<>();
  private final AtomicLong done = new AtomicLong();
  private final long total;
  private final List<TornadoNativeArray> arrays = new ArrayList<>();

  // Kernels take an array for each precision; the unused ones have one element.
  private final FloatArray noF32 = new FloatArray(1);
  private final HalfFloatArray noF16 = new HalfFloatArray(1);
  private final ByteArray noI8 = new ByteArray(1);
  private final FloatArray noScale = new FloatArray(1);

  /**
   * Allocates the arrays. {@link #fill} copies the weights into them, while kernels that take them
   * are compiled.
   *
   * @param progress receives the fraction copied, from 0 to 1
   */
  DeviceWeights(GptConfig config, Weights w, Precision precision, DoubleConsumer progress) {
    this.precision = precision;
    this.progress = progress;
    total = matrixElements(config, w.tied());
    List<TornadoNativeArray> empty = List.of(noF32, noF16, noI8, noScale);
    noF32.init(0);
    noF16.init(new HalfFloat(0));
    noI8.init((byte) 0);
    noScale.init(0);
    arrays.addAll(empty);
    int c = config.nEmbd();
    int inner = config.nInner();
    int v = config.vocabSize();
    lmHead = matrix(List.of(w.lmHead()), v, c);
    wte = w.tied() ? lmHead : matrix(List.of(w.wte()), v, c);
    wpe = vectors(List.of(w.wpe()), config.blockSize() * c);
    ln1Weight = blocks(w, b -> b.ln1().weight(), c);
    ln1Bias = blocks(w, b -> b.ln1().bias(), c);
    cAttn = matrix(each(w, b -> b.attn().cAttn().weight()), 3 * c, c);
    cAttnBias = blocks(w, b -> b.attn().cAttn().bias(), 3 * c);
    attnProj = matrix(each(w, b -> b.attn().cProj().weight()), c, c);
    attnProjBias = blocks(w, b -> b.attn().cProj().bias(), c);
    ln2Weight = blocks(w, b -> b.ln2().weight(), c);
    ln2Bias = blocks(w, b -> b.ln2().bias(), c);
    cFc = matrix(each(w, b -> b.mlp().cFc().weight()), inner, c);
    cFcBias = blocks(w, b -> b.mlp().cFc().bias(), inner);
    mlpProj = matrix(each(w, b -> b.mlp().cProj().weight()), c, inner);
    mlpProjBias = blocks(w, b -> b.mlp().cProj().bias(), c);
    lnFWeight = vectors(list(w.lnF().weight()), c);
    lnFBias = vectors(list(w.lnF().bias()), c);
  }

  /** Copies the weights from the checkpoint, which may be closed afterwards. */
  void fill() {
    copies.forEach(Runnable::run);
  }

  /** All arrays, without duplicates. */
  List<TornadoNativeArray> arrays() {
    return arrays;
  }

  /** Elements of all matrices. */
  static long matrixElements(GptConfig config, boolean tied) {
    long c = config.nEmbd();
    long block = 4 * c * c + 2 * c * config.nInner();
    return config.nLayer() * block + (tied ? 1 : 2) * config.vocabSize() * c;
  }

  /** Bytes of the weights on a device. */
  static long bytes(GptConfig config, boolean tied, Precision precision) {
    long c = config.nEmbd();
    long inner = config.nInner();
    long rows = config.nLayer() * (5 * c + inner) + (tied ? 1 : 2) * (long) config.vocabSize();
    long vectors = config.blockSize() * c + config.nLayer() * (9 * c + inner) + 2 * c;
    return matrixElements(config, tied) * precision.bytes()
        + Float.BYTES * (vectors + (precision == Precision.I8 ? rows : 0));
  }

  /** Elements of the largest array. The limit is 2³¹ − 1: kernels index with int. */
  static long largest(GptConfig config) {
    long c = config.nEmbd();
    long perBlock = Math.max(3 * c * c, c * config.nInner());
    return Math.max(config.nLayer() * perBlock, config.vocabSize() * c);
  }

  private static List<Tensor> each(Weights w, Function<Weights.Block, Tensor> part) {
    List<Tensor> tensors = new ArrayList<>(); // a bias may be null, which List.of refuses
    w.h().forEach(b -> tensors.add(part.apply(b)));
    return tensors;
  }

  private static List<Tensor> list(Tensor tensor) {
    List<Tensor> one = new ArrayList<>();
    one.add(tensor);
    return one;
  }

  private FloatArray blocks(Weights w, Function<Weights.Block, Tensor> part, int n) {
    return vectors(each(w, part), n);
  }

  private FloatArray vectors(List<Tensor> tensors, int n) {
    FloatArray array = floats((long) tensors.size() * n);
    arrays.add(array);
    for (int i = 0; i < tensors.size(); i++) {
      Tensor tensor = tensors.get(i);
      long at = 4L * i * n;
      copies.add(
          () -> {
            float[] values = tensor == null ? new float[n] : tensor.toArray();
            MemorySegment.copy(
                values, 0, array.getSegment(), ValueLayout.JAVA_FLOAT, at, values.length);
          });
    }
    return array;
  }

  private Matrix matrix(List<Tensor> tensors, int n, int k) {
    long size = (long) tensors.size() * n * k;
    FloatArray f32 = noF32;
    HalfFloatArray f16 = noF16;
    ByteArray i8 = noI8;
    FloatArray scale = noScale;
    switch (precision) {
      case F32 -> arrays.add(f32 = floats(size));
      case F16 -> arrays.add(f16 = new HalfFloatArray(elements(size)));
      case I8 -> {
        arrays.add(i8 = new ByteArray(elements(size)));
        arrays.add(scale = floats((long) tensors.size() * n));
      }
      case BF16 -> throw new IllegalArgumentException("no kernel reads bf16");
    }
    Matrix matrix = new Matrix(dtype(precision), f32, f16, i8, scale, tensors.size(), n, k);
    for (int block = 0; block < tensors.size(); block++) {
      Tensor tensor = tensors.get(block);
      int first = block * n;
      copies.add(
          () -> {
            IntStream.range(0, Math.ceilDiv(n, ROWS))
                .parallel()
                .forEach(i -> rows(matrix, tensor, first, i * ROWS, Math.min(n, (i + 1) * ROWS)));
            tensor.verify();
          });
    }
    return matrix;
  }

  /** Rows [from, to) of one block's matrix. */
  private void rows(Matrix matrix, Tensor tensor, int first, int from, int to) {
    int k = matrix.k();
    float[] values = new float[(to - from) * k];
    if (tensor.columnStride() == 1) {
      for (int r = from; r < to; r++) {
        tensor.row(r, 0, k, values, (r - from) * k);
      }
    } else {
      // Transposed: neighbouring rows lie side by side.
      for (int i = 0; i < k; i++) {
        for (int r = from; r < to; r++) {
          values[(r - from) * k + i] = tensor.get(r, i);
        }
      }
    }
    for (int r = from; r < to; r++) {
      store(matrix, first + r, values, (r - from) * k);
    }
    progress.accept((double) done.addAndGet(values.length) / total);
  }

  private static void store(Matrix matrix, int row, float[] values, int from) {
    int k = matrix.k();
    long at = (long) row * k;
    switch (matrix.dtype()) {
      case Matrix.F32 ->
          MemorySegment.copy(
              values, from, matrix.f32().getSegment(), ValueLayout.JAVA_FLOAT, 4 * at, k);
      case Matrix.F16 -> {
        short[] halves = new short[k];
        for (int i = 0; i < k; i++) {
          halves[i] = Float.floatToFloat16(values[from + i]);
        }
        MemorySegment.copy(halves, 0, matrix.f16().getSegment(), ValueLayout.JAVA_SHORT, 2 * at, k);
      }
      default -> {
        float largest = 0;
        for (int i = from; i < from + k; i++) {
          largest = Math.max(largest, Math.abs(values[i]));
        }
        float scale = largest / 127;
        byte[] bytes = new byte[k];
        for (int i = 0; i < k && scale > 0; i++) {
          bytes[i] = (byte) Math.round(values[from + i] / scale);
        }
        MemorySegment.copy(bytes, 0, matrix.i8().getSegment(), ValueLayout.JAVA_BYTE, at, k);
        matrix.scale().set(row, scale);
      }
    }
  }

  private static FloatArray floats(long size) {
    return new FloatArray(elements(size));
  }

  private static int elements(long size) {
    if (size > Integer.MAX_VALUE) {
      throw new GptException(
          "one weight of all blocks has "
              + size
              + " elements, a TornadoVM array holds at most "
              + Integer.MAX_VALUE
              + "; choose --device cpu");
    }
    return (int) size;
  }

  /** The kernels' constant for a precision. */
  private static int dtype(Precision precision) {
    return switch (precision) {
      case F32 -> Matrix.F32;
      case F16 -> Matrix.F16;
      case I8 -> Matrix.I8;
      case BF16 -> throw new IllegalArgumentException("no kernel reads bf16");
    };
  }
}
