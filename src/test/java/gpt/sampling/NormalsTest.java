package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class NormalsTest {
  @Test
  void blockReturnsTheFourWords() {
    int[] block = new int[4];
    Philox.block(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, block);
    assertArrayEquals(new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}, block);
  }

  @Test
  void aNumberDependsOnItsIndexAlone() {
    Normals normals = new Normals(42, 7);
    float[] all = new float[10_000];
    normals.fill((1L << 34) - 5_000, 1, all);
    for (int from : new int[] {0, 1, 2, 3, 4_999, 5_000, 9_990}) {
      float[] part = new float[10];
      normals.fill((1L << 34) - 5_000 + from, 1, part);
      assertArrayEquals(Arrays.copyOfRange(all, from, from + 10), part);
    }
    assertTrue(Arrays.hashCode(all) != Arrays.hashCode(numbers(43, 7, all.length)));
    assertTrue(Arrays.hashCode(all) != Arrays.hashCode(numbers(42, 8, all.length)));
  }

  /** The bits must be the same on every machine: the checksum of a checkpoint depends on them. */
  @Test
  void theBitsDoNotChange() {
    int hash = Arrays.hashCode(numbers(1, 0, 1 << 20));
    assertEquals(HASH, hash);
  }

  private static final int HASH = -1787658789;

  private static float[] numbers(long seed, int stream, int n) {
    float[] out = new float[n];
    new Normals(seed, stream).fill(0, 1, out);
    return out;
  }

  @Test
  void momentsAndDistributionAreNormal() {
    int n = 4_000_000;
    float[] x = numbers(1, 0, n);
    double[] moments = new double[5];
    for (float v : x) {
      double power = 1;
      for (int i = 1; i < moments.length; i++) {
        moments[i] += (power *= v) / n;
      }
    }
    // Within five standard errors each.
    assertEquals(0, moments[1], 5 / Math.sqrt(n));
    assertEquals(1, moments[2], 5 * Math.sqrt(2.0 / n));
    assertEquals(0, moments[3], 5 * Math.sqrt(15.0 / n));
    assertEquals(3, moments[4], 5 * Math.sqrt(96.0 / n));
    Arrays.sort(x);
    double largest = 0;
    for (int i = 0; i < n; i++) {
      largest = Math.max(largest, Math.abs(below(x[i]) - (i + 0.5) / n));
    }
    assertTrue(largest < 1.95 / Math.sqrt(n), "Kolmogorov-Smirnov: " + largest * Math.sqrt(n));
    // The tail has its own code path: about 1 number in 3875.
    double tail = Arrays.binarySearch(x, -3.6541528853610088f);
    double expected = n * below(-3.6541528853610088);
    assertEquals(expected, -tail - 1, 5 * Math.sqrt(expected));
  }

  /** The normal distribution function by Marsaglia's series, accurate enough to 6 σ. */
  private static double below(double x) {
    double sum = x;
    double term = x;
    for (int i = 3; Math.abs(term) > 1e-18; i += 2) {
      sum += term *= x * x / i;
    }
    return 0.5 + sum * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  }
}
