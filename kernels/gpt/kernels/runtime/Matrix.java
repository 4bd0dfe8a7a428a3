package gpt.kernels.runtime;

import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/**
 * A weight of all L blocks, (L, N, K), in one of three precisions. One of the arrays {@code f32},
 * {@code f16} and {@code i8} holds it; the others have one element and are never read. {@code
 * dtype} is a constant in a compiled kernel, and no code is generated for the other precisions, so
 * a device without half precision can compile a kernel with a {@link HalfFloatArray} argument.
 *
 * @param dtype {@link #F32}, {@link #F16} or {@link #I8}
 * @param f32 the values
 * @param f16 the values in half precision
 * @param i8 the values quantized to −127 to 127: divided by their row's scale and rounded
 * @param scale scale of each row of {@code i8} (L, N)
 * @param blocks L, or 1 for a weight outside the blocks
 * @param n outputs N
 * @param k inputs K
 */
public record Matrix(
    int dtype,
    FloatArray f32,
    HalfFloatArray f16,
    ByteArray i8,
    FloatArray scale,
    int blocks,
    int n,
    int k) {

  /** Single precision. */
  public static final int F32 = 0;

  /** Half precision. */
  public static final int F16 = 1;

  /** Eight-bit integers with a scale for each row. */
  public static final int I8 = 2;

  /** Dequantizes element {@code i} but for its row's scale. */
  public static float at(int dtype, FloatArray f32, HalfFloatArray f16, ByteArray i8, int i) {
    if (dtype == F32) {
      return f32.get(i);
    }
    if (dtype == F16) {
      return f16.get(i).getFloat32();
    }
    return i8.get(i);
  }

  /** Multiplies a dot product with row {@code row} by the row's scale, if there is one. */
  public static float scaled(int dtype, FloatArray scale, int row, float sum) {
    if (dtype == I8) {
      return sum * scale.get(row);
    }
    return sum;
  }
}
