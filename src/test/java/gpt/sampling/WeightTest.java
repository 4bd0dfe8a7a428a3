package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WeightTest {
  /** All 2²⁴ fractions: within 2^-28 of the power and strictly decreasing. */
  @Test
  void powerIsAccurateTo28Bits() {
    int before = Integer.MAX_VALUE;
    double largest = 0;
    for (int f = 0; f < 1 << 24; f++) {
      int power = Weight.power(f);
      if (power >= before) {
        throw new AssertionError(f + " gives " + power + " after " + before);
      }
      before = power;
      if (f % 16 == 5) { // Math.pow is slow
        largest = Math.max(largest, Math.abs(power * 0x1p-30 - Math.pow(2, f * -0x1p-24)));
      }
    }
    assertTrue(largest < 0x1p-28, "error " + largest);
    assertTrue(before > 1 << 29, "the next octave begins with 2^29, found " + before);
  }

  @Test
  void wholeBitsAreExact() {
    for (int bits = 0; bits <= 44; bits++) {
      assertEquals(1L << (44 - bits), Weight.of(bits << 24));
    }
    assertEquals(Weight.ONE, Weight.of(0));
    assertEquals(1L << 14, Weight.of(30 << 24));
    assertEquals(0, Weight.of(45 << 24));
    assertEquals(0, Weight.of(Weight.MASKED_DISTANCE - 1));
    assertEquals(0, Weight.of(Weight.MASKED_DISTANCE));
  }

  @Test
  void weightsArePowersAndNeverIncrease() {
    Random random = new Random(5);
    for (int i = 0; i < 200_000; i++) {
      int q = random.nextInt(Weight.MASKED_DISTANCE);
      int next =
          Math.min(Weight.MASKED_DISTANCE, q + random.nextInt(1 + (1 << random.nextInt(24))));
      long weight = Weight.of(q);
      assertTrue(Weight.of(next) <= weight, "from " + q + " to " + next);
      double exact = Math.pow(2, 44 - q * 0x1p-24);
      assertTrue(Math.abs(weight - exact) <= 1 + exact * 0x1p-27, q + " gives " + weight);
    }
  }

  @Test
  void fractionsOfSumsAreExact() {
    Random random = new Random(6);
    for (int i = 0; i < 100_000; i++) {
      // Up to 2⁶², the sum of 2¹⁸ times ONE.
      long sum = i == 0 ? 1L << 62 : 1 + (random.nextLong() & Long.MAX_VALUE) % (1L << 62);
      sum = i % 3 == 1 ? 1 + sum % 5000 : sum;
      int fraction = i % 5 == 0 ? 1 << 30 : 1 + random.nextInt(1 << 30);
      BigInteger ceiling =
          BigInteger.valueOf(sum)
              .multiply(BigInteger.valueOf(fraction))
              .add(BigInteger.valueOf((1 << 30) - 1))
              .shiftRight(30);
      assertEquals(ceiling.longValueExact(), Weight.fractionOf(sum, fraction));
      int r = i % 7 == 0 ? (1 << 24) - 1 : random.nextInt(1 << 24);
      BigInteger point = BigInteger.valueOf(sum).multiply(BigInteger.valueOf(r)).shiftRight(24);
      assertEquals(point.longValueExact(), Weight.drawPoint(sum, r));
    }
  }
}
