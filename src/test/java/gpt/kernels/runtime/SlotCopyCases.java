package gpt.kernels.runtime;

import gpt.kernels.KernelCase;
import java.util.Arrays;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Cases of {@link SlotCopy}. */
public final class SlotCopyCases {
  private SlotCopyCases() {}

  /** Copies the first {@code positions} positions of slot {@code sources[b]} to slot b. */
  public static KernelCase<SlotCopy.Arguments> slotCopy(
      int[] sources, int heads, int headSize, int positions, int contextLength, long seed) {
    int blocks = 2;
    int samples = sources.length;
    KernelCase<SlotCopy.Arguments> test =
        new KernelCase<>(
            "slot copy " + Arrays.toString(sources) + ", positions " + positions, seed);
    test.gridRows(positions);
    int[] header = IntStream.concat(IntStream.of(positions), Arrays.stream(sources)).toArray();
    IntArray request = test.ints(header);
    int size = headSize * contextLength;
    int cache = blocks * samples * heads * size;
    FloatArray keys = test.inOut(cache);
    FloatArray values = test.inOut(cache);
    double[] expectedKeys = IntStream.range(0, cache).mapToDouble(keys::get).toArray();
    double[] expectedValues = IntStream.range(0, cache).mapToDouble(values::get).toArray();
    for (int head = 0; head < blocks * samples * heads; head++) {
      int b = head / heads % samples;
      int from = head + (sources[b] - b) * heads;
      for (int i = 0; i < headSize; i++) {
        for (int t = 0; t < positions; t++) {
          int key = i * contextLength + t;
          int value = t * headSize + i;
          expectedKeys[head * size + key] = keys.get(from * size + key);
          expectedValues[head * size + value] = values.get(from * size + value);
        }
      }
    }
    long copied = IntStream.range(0, samples).filter(b -> sources[b] != b).count();
    return test.expectInOut(keys, expectedKeys)
        .expectInOut(values, expectedValues)
        .cost(16L * copied * blocks * heads * headSize * positions, 0)
        .arguments(
            new SlotCopy.Arguments(
                request, keys, values, blocks, samples, heads, headSize, contextLength));
  }
}
