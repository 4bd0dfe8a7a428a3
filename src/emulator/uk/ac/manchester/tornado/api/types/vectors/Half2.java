package uk.ac.manchester.tornado.api.types.vectors;

import uk.ac.manchester.tornado.api.types.HalfFloat;

/** Two half-precision numbers, which a kernel loads at once. */
public final class Half2 {
  private final HalfFloat low;
  private final HalfFloat high;

  /** Two numbers. */
  public Half2(HalfFloat x, HalfFloat y) {
    low = x;
    high = y;
  }

  /** The first number as a float. */
  public static float lowFloat(Half2 pair) {
    return pair.low.getFloat32();
  }

  /** The second number as a float. */
  public static float highFloat(Half2 pair) {
    return pair.high.getFloat32();
  }
}
