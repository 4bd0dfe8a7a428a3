package gpt.kernels.runtime;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Arrays of one element for the arguments of a shared kernel that an operation does not read: a
 * task cannot take null.
 */
public record Unused(
    IntArray positions,
    IntArray slots,
    FloatArray of,
    FloatArray bias,
    FloatArray keys,
    FloatArray values,
    HalfFloatArray halfKeys,
    HalfFloatArray halfValues) {

  /** New arrays; all operations of a graph can share them. */
  public static Unused create() {
    return new Unused(ints(), ints(), floats(), floats(), floats(), floats(), halves(), halves());
  }

  /** All arrays, for the graph's transfers. */
  public Object[] arrays() {
    return new Object[] {positions, slots, of, bias, keys, values, halfKeys, halfValues};
  }

  private static IntArray ints() {
    IntArray array = new IntArray(1);
    array.init(0);
    return array;
  }

  private static HalfFloatArray halves() {
    HalfFloatArray array = new HalfFloatArray(1);
    array.init(new HalfFloat(0));
    return array;
  }

  private static FloatArray floats() {
    FloatArray array = new FloatArray(1);
    array.init(0);
    return array;
  }
}
