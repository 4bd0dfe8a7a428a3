package gpt.kernels;

import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** KV caches of cases, in both precisions. */
public final class KvCases {
  /** The shape of a cache. */
  public record Shape(int dtype, int blocks, int slots, int heads, int headSize, int length) {
    /** Elements of the keys, and of the values. */
    public int elements() {
      return blocks * slots * heads * headSize * length;
    }

    /**
     * Index of channel i of the key at position t.
     *
     * @param head index of (block, slot, head)
     */
    public int key(int head, int i, int t) {
      return dtype == Matrix.F32
          ? (head * headSize + i) * length + t
          : ((head * headSize / 2 + i / 2) * length + t) * 2 + i % 2;
    }

    /** Index of channel i of the value at position t. */
    public int value(int head, int i, int t) {
      return (head * length + t) * headSize + i;
    }
  }

  /** Makes one of the arrays of a case. */
  private interface Maker<A> {
    A of(int elements);
  }

  private KvCases() {}

  /** Random keys and values that a kernel reads. */
  static KvCache input(KernelCase<?> test, Shape shape) {
    return cache(test, shape, n -> test.floats(n, 1), test::halves);
  }

  /** Keys and values that a kernel writes. */
  static KvCache output(KernelCase<?> test, Shape shape) {
    return cache(test, shape, test::output, test::halfOutput);
  }

  /** Random keys and values that a kernel reads and writes. */
  public static KvCache inOut(KernelCase<?> test, Shape shape) {
    return cache(test, shape, test::inOut, test::halfInOut);
  }

  private static KvCache cache(
      KernelCase<?> test, Shape shape, Maker<FloatArray> floats, Maker<HalfFloatArray> halves) {
    boolean half = shape.dtype == Matrix.F16;
    int n = shape.elements();
    return new KvCache(
        half ? test.floats(1, 0) : floats.of(n),
        half ? test.floats(1, 0) : floats.of(n),
        half ? halves.of(n) : none(test),
        half ? halves.of(n) : none(test),
        shape.dtype,
        shape.slots,
        shape.heads,
        shape.length);
  }

  private static HalfFloatArray none(KernelCase<?> test) {
    HalfFloatArray array = test.halves(1);
    array.init(new HalfFloat(0));
    return array;
  }

  /** The array of the keys. */
  public static TornadoNativeArray keys(KvCache cache) {
    return cache.dtype() == Matrix.F32 ? cache.keys() : cache.halfKeys();
  }

  /** The array of the values. */
  public static TornadoNativeArray values(KvCache cache) {
    return cache.dtype() == Matrix.F32 ? cache.values() : cache.halfValues();
  }
}
