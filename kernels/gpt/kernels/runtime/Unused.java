package gpt.kernels.runtime;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Arrays of one element for arguments that an operation has no use for: a task takes no null, and
 * the compiled kernel has no code that would read them.
 */
public record Unused(
    IntArray positions, IntArray slots, FloatArray bias, FloatArray keys, FloatArray values) {

  /** One set serves all operations of a graph. */
  public static Unused create() {
    return new Unused(ints(), ints(), floats(), floats(), floats());
  }

  /** All of them, for a graph's transfers. */
  public Object[] arrays() {
    return new Object[] {positions, slots, bias, keys, values};
  }

  private static IntArray ints() {
    IntArray array = new IntArray(1);
    array.init(0);
    return array;
  }

  private static FloatArray floats() {
    FloatArray array = new FloatArray(1);
    array.init(0);
    return array;
  }
}
