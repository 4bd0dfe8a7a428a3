package gpt.kernels.runtime;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/**
 * A weight of all L blocks, (L, N, K), in one of three precisions. Arrays that a precision does not
 * use have one element and are never read. {@code dtype} is a constant in a compiled kernel, and no
 * code is generated for the other precisions, so a device without half precision can compile a
 * kernel with a {@link HalfFloatArray} argument.
 *
 * <p>A row is stored as <em>words</em>, each read with one load of 32 bits: one float, two halves,
 * or four 8-bit integers in an int. The last word of a row is filled up with zeros, so each row
 * begins with a word. An integer q from −127 to 127 is stored as q + 128, the first one in the
 * lowest bits: 0 to 255 is unpacked by a shift and a mask, without the sign extension for which
 * TornadoVM's backends disagree about {@code >>} and {@code >>>}.
 *
 * <p>Example: the integers −1, 0, 2, 127 are stored as 127, 128, 130, 255, in the int {@code 127 +
 * (128 << 8) + (130 << 16) + (255 << 24)}.
 *
 * @param dtype {@link #F32}, {@link #F16} or {@link #I8}
 * @param f32 the values, or for I8 the scale of each row (L, N)
 * @param f16 the values in half precision
 * @param i8 the values quantized to −127 to 127: divided by their row's scale and rounded
 * @param blocks L, or 1 for a weight outside the blocks
 * @param n outputs N
 * @param k inputs K
 */
public record Matrix(
    int dtype, FloatArray f32, HalfFloatArray f16, IntArray i8, int blocks, int n, int k) {

  /** Single precision. */
  public static final int F32 = 0;

  /** Half precision. */
  public static final int F16 = 1;

  /** Eight-bit integers with a scale for each row. */
  public static final int I8 = 2;

  /**
   * Property that is true if kernels may read two halves with one load, as the CUDA backend can.
   */
  public static final String HALF_PAIRS = "gpt.half.pairs";

  /**
   * A constant of the process, not an argument: the other backends cannot parse a kernel that
   * contains the load, even where no work item reaches it.
   */
  private static final boolean PAIRS = Boolean.getBoolean(HALF_PAIRS);

  /** What is added to an 8-bit integer before it is stored. */
  public static final int BIAS = 128;

  /** Elements of a word. */
  public static int wordSize(int dtype) {
    if (dtype == F32) {
      return 1;
    }
    if (dtype == F16) {
      return 2;
    }
    return 4;
  }

  /** Words of a row of k elements. */
  public static int words(int dtype, int k) {
    return (k + wordSize(dtype) - 1) / wordSize(dtype);
  }

  /** Elements from one row to the next: k, rounded up to whole words. */
  public static int stride(int dtype, int k) {
    return words(dtype, k) * wordSize(dtype);
  }

  /** Dequantizes element {@code i} but for its row's scale. */
  public static float at(int dtype, FloatArray f32, HalfFloatArray f16, IntArray i8, int i) {
    if (dtype == F32) {
      return f32.get(i);
    }
    if (dtype == F16) {
      return f16.get(i).getFloat32();
    }
    return ((i8.get(i >> 2) >> ((i & 3) << 3)) & 255) - BIAS;
  }

  /** The first of the two halves in a word; compilers load the word once for both. */
  public static float low(HalfFloatArray f16, int word) {
    if (PAIRS) {
      return Half2.lowFloat(f16.getHalf2(2 * word));
    }
    return f16.get(2 * word).getFloat32();
  }

  /** The second of the two halves in a word. */
  public static float high(HalfFloatArray f16, int word) {
    if (PAIRS) {
      return Half2.highFloat(f16.getHalf2(2 * word));
    }
    return f16.get(2 * word + 1).getFloat32();
  }

  /**
   * Adds the products of a word with as many elements of x to a sum, one after the other.
   *
   * @param word index of the word in the matrix
   * @param x0 the element of x for the word's first element; the others are read only if the word
   *     has more
   */
  public static float add(
      float sum,
      int dtype,
      FloatArray f32,
      HalfFloatArray f16,
      IntArray i8,
      int word,
      float x0,
      float x1,
      float x2,
      float x3) {
    if (dtype == F32) {
      return sum + f32.get(word) * x0;
    }
    if (dtype == F16) {
      if (PAIRS) {
        Half2 pair = f16.getHalf2(2 * word);
        float low = sum + Half2.lowFloat(pair) * x0;
        return low + Half2.highFloat(pair) * x1;
      }
      float first = sum + f16.get(2 * word).getFloat32() * x0;
      return first + f16.get(2 * word + 1).getFloat32() * x1;
    }
    int q = i8.get(word);
    float s = sum + ((q & 255) - BIAS) * x0;
    s += (((q >> 8) & 255) - BIAS) * x1;
    s += (((q >> 16) & 255) - BIAS) * x2;
    return s + (((q >> 24) & 255) - BIAS) * x3;
  }

  /** Multiplies a dot product with row {@code row} by the row's scale, if there is one. */
  public static float scaled(int dtype, FloatArray f32, int row, float sum) {
    if (dtype == I8) {
      return sum * f32.get(row);
    }
    return sum;
  }
}
