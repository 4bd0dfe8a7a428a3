package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class PhiloxTest {
  /** The known-answer tests of the paper's library, Random123. */
  @Test
  void knownAnswers() {
    assertBlock(0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assertBlock(-1, -1, -1, -1, -1, -1, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    assertBlock(
        0x243f6a88,
        0x85a308d3,
        0x13198a2e,
        0x03707344,
        0xa4093822,
        0x299f31d0,
        0xd16cfe09,
        0x94fdcceb,
        0x5001e420,
        0x24126ea1);
  }

  @Test
  void multiplyHighIsTheUpperHalfOfTheUnsignedProduct() {
    int[] edges = {0, 1, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFF0000, 0xFFFFFFFF};
    for (int a : edges) {
      for (int b : edges) {
        assertMultiplies(a, b);
      }
    }
    Random random = new Random(7);
    for (int i = 0; i < 100_000; i++) {
      assertMultiplies(random.nextInt(), random.nextInt());
    }
  }

  /** Where seed, sample and step go in key and counter, as documented, since kernels copy it. */
  @Test
  void uniformIsTheFirstWordOfKeySeedAndCounterStepSample() {
    long seed = 0x299f31d0_a4093822L;
    int word = Philox.word(0, 5, 3, 0, 0, 0xa4093822, 0x299f31d0);
    assertEquals((word >>> 8) / 16777216.0, Philox.uniform(seed, 3, 5));
    assertEquals((0x6627e8d5 >>> 8) / 16777216.0, Philox.uniform(0, 0, 0));
    assertNotEquals(Philox.uniform(1, 0, 0), Philox.uniform(1L << 32, 0, 0));
    assertNotEquals(Philox.uniform(0, 1, 0), Philox.uniform(0, 0, 1));
  }

  @Test
  void uniformIsEvenlyDistributed() {
    int[] counts = new int[64];
    int n = 64_000;
    for (int i = 0; i < n; i++) {
      float u = Philox.uniform(-1, i % 10, i / 10);
      assertTrue(u >= 0 && u < 1);
      counts[(int) (u * counts.length)]++;
    }
    double chiSquare = 0;
    for (int count : counts) {
      chiSquare += Math.pow(count - n / 64.0, 2) / (n / 64.0);
    }
    assertTrue(chiSquare < 63 + 4 * Math.sqrt(2 * 63), "chi-square " + chiSquare);
  }

  private static void assertBlock(int c0, int c1, int c2, int c3, int k0, int k1, int... expected) {
    for (int i = 0; i < 4; i++) {
      assertEquals(
          Integer.toHexString(expected[i]),
          Integer.toHexString(Philox.word(i, c0, c1, c2, c3, k0, k1)));
    }
  }

  private static void assertMultiplies(int a, int b) {
    long product = Integer.toUnsignedLong(a) * Integer.toUnsignedLong(b);
    assertEquals((int) (product >>> 32), Philox.multiplyHigh(a, b), () -> a + " * " + b);
  }
}
