package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RadixSelectTest {
  @Test
  void findsTheSameKeysAsSorting() {
    RadixSelect select = new RadixSelect();
    for (int seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      int bits = 10 * (1 + random.nextInt(3));
      int[] keys = new int[1 + random.nextInt(300)];
      long[] weights = new long[keys.length];
      int kind = random.nextInt(4);
      for (int i = 0; i < keys.length; i++) {
        boolean counts = i == 0 || random.nextInt(4) > 0;
        int key =
            switch (kind) {
              case 0 -> random.nextInt(1 << bits);
              case 1 -> random.nextInt(5);
              case 2 -> (1 << bits) - 1 - random.nextInt(3);
              default -> 1 << random.nextInt(bits);
            };
        keys[i] = counts ? key : Weight.MASKED_DISTANCE;
        weights[i] = counts ? random.nextLong(Weight.ONE) : 0;
      }
      check(select, keys, weights, random, "seed " + seed);
    }
  }

  private static void check(
      RadixSelect select, int[] keys, long[] weights, Random random, String message) {
    int[] order =
        IntStream.range(0, keys.length)
            .filter(i -> keys[i] < Weight.MASKED_DISTANCE)
            .boxed()
            .sorted((a, b) -> Integer.compare(keys[a], keys[b]))
            .mapToInt(i -> i)
            .toArray();
    int k = 1 + random.nextInt(order.length);
    int kth = keys[order[k - 1]];
    assertEquals(kth, select.kthSmallest(keys, k), message);
    assertEquals(Arrays.stream(keys).filter(x -> x < kth).count(), select.before(), message);

    long sum = Arrays.stream(weights).sum();
    long target = 1 + random.nextLong(sum);
    long running = 0;
    int at = -1;
    while (running < target) {
      running += weights[order[++at]];
    }
    int key = keys[order[at]];
    assertEquals(key, select.keyReaching(keys, weights, target), message);
    long before =
        IntStream.range(0, keys.length).filter(i -> keys[i] < key).mapToLong(i -> weights[i]).sum();
    assertEquals(before, select.before(), message);
  }

  @Test
  void theOrderOfTheTokensDoesNotMatter() {
    int n = 200_000;
    RadixSelect select = new RadixSelect();
    int[] ascending = IntStream.range(0, n).map(i -> i * 5000).toArray();
    int[] descending = IntStream.range(0, n).map(i -> (n - 1 - i) * 5000).toArray();
    int[] equal = new int[n];
    Arrays.fill(equal, 54_525_952);
    for (int k : new int[] {1, 200, n / 2, n}) {
      assertEquals((k - 1) * 5000, select.kthSmallest(ascending, k));
      assertEquals((k - 1) * 5000, select.kthSmallest(descending, k));
      assertEquals(54_525_952, select.kthSmallest(equal, k));
    }
  }
}
