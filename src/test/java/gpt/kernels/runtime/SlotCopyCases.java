package gpt.kernels.runtime;

import gpt.kernels.KernelCase;
import gpt.kernels.KvCases;
import java.util.Arrays;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** Cases of {@link SlotCopy}. */
public final class SlotCopyCases {
  private SlotCopyCases() {}

  /** Copies the first {@code positions} positions of slot {@code sources[b]} to slot b. */
  public static KernelCase<SlotCopy.Arguments> slotCopy(
      int[] sources, int heads, int headSize, int positions, int contextLength, long seed) {
    return slotCopy(Matrix.F32, sources, heads, headSize, positions, contextLength, seed);
  }

  /** The same in a precision of keys and values. */
  static KernelCase<SlotCopy.Arguments> slotCopy(
      int kv, int[] sources, int heads, int headSize, int positions, int contextLength, long seed) {
    int blocks = 2;
    int samples = sources.length;
    KernelCase<SlotCopy.Arguments> test =
        new KernelCase<>(
            "slot copy " + Arrays.toString(sources) + ", positions " + positions, seed);
    test.gridRows(positions);
    int[] header = IntStream.concat(IntStream.of(positions), Arrays.stream(sources)).toArray();
    IntArray request = test.ints(header);
    KvCases.Shape shape = new KvCases.Shape(kv, blocks, samples, heads, headSize, contextLength);
    KvCache cache = KvCases.inOut(test, shape);
    TornadoNativeArray keys = KvCases.keys(cache);
    TornadoNativeArray values = KvCases.values(cache);
    double[] expectedKeys = content(keys, shape);
    double[] expectedValues = content(values, shape);
    double[] oldKeys = expectedKeys.clone();
    double[] oldValues = expectedValues.clone();
    for (int head = 0; head < blocks * samples * heads; head++) {
      int b = head / heads % samples;
      int from = head + (sources[b] - b) * heads;
      for (int i = 0; i < headSize; i++) {
        for (int t = 0; t < positions; t++) {
          expectedKeys[shape.key(head, i, t)] = oldKeys[shape.key(from, i, t)];
          expectedValues[shape.value(head, i, t)] = oldValues[shape.value(from, i, t)];
        }
      }
    }
    long copied = IntStream.range(0, samples).filter(b -> sources[b] != b).count();
    return test.expectInOut(keys, expectedKeys)
        .expectInOut(values, expectedValues)
        .cost(16L * copied * blocks * heads * headSize * positions, 0)
        .arguments(new SlotCopy.Arguments(request, cache, blocks, headSize));
  }

  private static double[] content(TornadoNativeArray array, KvCases.Shape shape) {
    return IntStream.range(0, shape.elements())
        .mapToDouble(i -> KernelCase.element(array, i))
        .toArray();
  }
}
