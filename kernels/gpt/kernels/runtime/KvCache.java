package gpt.kernels.runtime;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/**
 * The keys and values of all sequences, in single or half precision.
 *
 * <pre>
 *          f32                                       f16, HS even
 * keys     (L, B, NH, HS, T): positions contiguous   (L, B, NH, HS / 2, T, 2): words of two channels, then positions
 * values   (L, B, NH, T, HS): channels contiguous    the same
 * </pre>
 *
 * <p>A word has 32 bits: a float, or two channels of one position as halves. So in both precisions
 * adjacent lanes that read the keys of adjacent positions, or adjacent channels of a value, read
 * adjacent words. A pair of positions instead of channels would have a half that no launch has
 * written yet, at the end of each sequence.
 *
 * @param keys in f32; one element if they are halves
 * @param values in f32; one element if they are halves
 * @param halfKeys in f16; one element if they are floats
 * @param halfValues in f16; one element if they are floats
 * @param dtype {@link Matrix#F32} or {@link Matrix#F16}
 * @param slotCount B, slots
 * @param heads NH
 * @param contextLength T
 */
public record KvCache(
    FloatArray keys,
    FloatArray values,
    HalfFloatArray halfKeys,
    HalfFloatArray halfValues,
    int dtype,
    int slotCount,
    int heads,
    int contextLength) {

  /** One element in place of a cache that a kernel does not read. */
  public static KvCache unused(Unused unused, int heads, int contextLength) {
    return new KvCache(
        unused.keys(),
        unused.values(),
        unused.halfKeys(),
        unused.halfValues(),
        Matrix.F32,
        1,
        heads,
        contextLength);
  }

  /**
   * The numbers of this cache as one argument of a kernel, which has at most 20. It is a constant
   * in the compiled kernel, and so are the numbers that the methods below take from it.
   */
  public long shape() {
    if (slotCount > 0xFFFF || heads > 0x3FFF) {
      throw new IllegalArgumentException(slotCount + " slots, " + heads + " heads");
    }
    return slotCount + ((long) heads << 16) + ((long) dtype << 30) + ((long) contextLength << 32);
  }

  /** B of a {@link #shape}. */
  public static int slots(long shape) {
    return (int) (shape & 0xFFFF);
  }

  /** NH of a {@link #shape}. */
  public static int heads(long shape) {
    return (int) ((shape >> 16) & 0x3FFF);
  }

  /** The precision of a {@link #shape}. */
  public static int dtype(long shape) {
    return (int) ((shape >> 30) & 3);
  }

  /** T of a {@link #shape}. */
  public static int length(long shape) {
    return (int) (shape >> 32);
  }

  /** Index of (l, b, h): a head of a slot's sequence in a block. */
  public static int head(long shape, int block, int slot, int h) {
    return (block * slots(shape) + slot) * heads(shape) + h;
  }

  /**
   * Index of channel i of the key at position t.
   *
   * @param head index of (l, b, h)
   */
  public static int keyIndex(long shape, int head, int i, int t, int headSize) {
    if (dtype(shape) == Matrix.F16) {
      return (head * headSize + i / 2 * 2) * length(shape) + 2 * t + i % 2;
    }
    return (head * headSize + i) * length(shape) + t;
  }

  /** Index of channel i of the value at position t. */
  public static int valueIndex(long shape, int head, int i, int t, int headSize) {
    return (head * length(shape) + t) * headSize + i;
  }

  /** Element {@code index} of the keys or of the values. */
  public static float get(long shape, FloatArray f32, HalfFloatArray f16, int index) {
    if (dtype(shape) == Matrix.F16) {
      return f16.get(index).getFloat32();
    }
    return f32.get(index);
  }

  /** Sets an element of the keys or of the values. */
  public static void set(long shape, FloatArray f32, HalfFloatArray f16, int index, float value) {
    if (dtype(shape) == Matrix.F16) {
      f16.set(index, new HalfFloat(value));
    }
    if (dtype(shape) == Matrix.F32) {
      f32.set(index, value);
    }
  }

  /** Elements of a word. */
  public static int wordSize(long shape) {
    return Matrix.wordSize(dtype(shape));
  }

  /** The first element of a word; of halves, {@link Matrix#high} is the second. */
  public static float first(long shape, FloatArray f32, HalfFloatArray f16, int word) {
    if (dtype(shape) == Matrix.F16) {
      return Matrix.low(f16, word);
    }
    return f32.get(word);
  }
}
