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
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
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
  final FloatArray ln1; // (L, 2, C): weight, bias
  final Matrix cAttn; // (L, 3C, C)
  final FloatArray cAttnBias;
  final Matrix attnProj; // (L, C, C)
  final FloatArray attnProjBias;
  final FloatArray ln2;
  final Matrix cFc; // (L, H, C)
  final FloatArray cFcBias;
  final Matrix mlpProj; // (L, C, H)
  final FloatArray mlpProjBias;
  final FloatArray lnF; // (2, C)
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
  private final IntArray noI8 = new IntArray(1);

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
    List<TornadoNativeArray> empty = List.of(noF32, noF16, noI8);
    noF32.init(0);
    noF16.init(new HalfFloat(0));
    noI8.init(0);
    arrays.addAll(empty);
    int c = config.nEmbd();
    int inner = config.nInner();
    int v = config.vocabSize();
    lmHead = matrix(List.of(w.lmHead()), v, c);
    wte = w.tied() ? lmHead : matrix(List.of(w.wte()), v, c);
    wpe = vectors(List.of(w.wpe()), config.blockSize() * c);
    ln1 = norms(w.h().stream().map(Weights.Block::ln1).toList(), c);
    cAttn = matrix(each(w, b -> b.attn().cAttn().weight()), 3 * c, c);
    cAttnBias = blocks(w, b -> b.attn().cAttn().bias(), 3 * c);
    attnProj = matrix(each(w, b -> b.attn().cProj().weight()), c, c);
    attnProjBias = blocks(w, b -> b.attn().cProj().bias(), c);
    ln2 = norms(w.h().stream().map(Weights.Block::ln2).toList(), c);
    cFc = matrix(each(w, b -> b.mlp().cFc().weight()), inner, c);
    cFcBias = blocks(w, b -> b.mlp().cFc().bias(), inner);
    mlpProj = matrix(each(w, b -> b.mlp().cProj().weight()), c, inner);
    mlpProjBias = blocks(w, b -> b.mlp().cProj().bias(), c);
    lnF = norms(List.of(w.lnF()), c);
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
    return precision.bytes(matrixElements(config, tied))
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

  /** Weight and bias of each norm, side by side. */
  private FloatArray norms(List<Weights.LayerNorm> norms, int c) {
    List<Tensor> tensors = new ArrayList<>();
    for (Weights.LayerNorm norm : norms) {
      tensors.add(norm.weight());
      tensors.add(norm.bias());
    }
    return vectors(tensors, c);
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
    int dtype = dtype(precision);
    long words = (long) tensors.size() * n * Matrix.words(dtype, k);
    FloatArray f32 = noF32;
    HalfFloatArray f16 = noF16;
    IntArray i8 = noI8;
    switch (precision) {
      case F32 -> arrays.add(f32 = floats(words));
      case F16 -> arrays.add(f16 = new HalfFloatArray(elements(2 * words)));
      case I8 -> {
        arrays.add(i8 = new IntArray(elements(words)));
        arrays.add(f32 = floats((long) tensors.size() * n));
      }
      case BF16, Q4, STORED ->
          throw new IllegalArgumentException("no kernel reads " + precision.word());
    }
    Matrix matrix = new Matrix(dtype, f32, f16, i8, tensors.size(), n, k);
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
    int words = Matrix.words(matrix.dtype(), k);
    long at = (long) row * words;
    switch (matrix.dtype()) {
      case Matrix.F32 ->
          MemorySegment.copy(
              values, from, matrix.f32().getSegment(), ValueLayout.JAVA_FLOAT, 4 * at, k);
      case Matrix.F16 -> {
        short[] halves = new short[2 * words];
        for (int i = 0; i < k; i++) {
          halves[i] = Float.floatToFloat16(values[from + i]);
        }
        MemorySegment.copy(
            halves, 0, matrix.f16().getSegment(), ValueLayout.JAVA_SHORT, 4 * at, halves.length);
      }
      default -> {
        float largest = 0;
        for (int i = from; i < from + k; i++) {
          largest = Math.max(largest, Math.abs(values[i]));
        }
        float scale = largest / 127;
        int[] packed = new int[words];
        for (int i = 0; i < 4 * words; i++) {
          int q = i < k && scale > 0 ? Math.round(values[from + i] / scale) : 0;
          packed[i / 4] |= (q + Matrix.BIAS) << (8 * (i % 4));
        }
        MemorySegment.copy(
            packed, 0, matrix.i8().getSegment(), ValueLayout.JAVA_INT, 4 * at, words);
        matrix.f32().set(row, scale);
      }
    }
  }

  private static FloatArray floats(long size) {
    return new FloatArray(elements(size));
  }

  private static int elements(long size) {
    if (size > Integer.MAX_VALUE) {
      throw new GptException(
          ("one weight of all blocks has %s elements, a TornadoVM array holds at most %s;"
                  + " choose --device cpu")
              .formatted(size, Integer.MAX_VALUE));
    }
    return (int) size;
  }

  /** The kernels' constant for a precision. */
  private static int dtype(Precision precision) {
    return switch (precision) {
      case F32 -> Matrix.F32;
      case F16 -> Matrix.F16;
      case I8 -> Matrix.I8;
      case BF16, Q4, STORED ->
          throw new IllegalArgumentException("no kernel reads " + precision.word());
    };
  }
}
