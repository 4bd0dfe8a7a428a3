package gpt.backend.cpu;

import java.util.Locale;

/** Error of float32 results against expected values in double precision. */
public final class Difference {
  private static final double MAX_NMSE = 1e-10;
  private static final double MAX_ERROR = 5e-5;

  private double squares;
  private double errors;
  private double largest;
  private double magnitude;
  private int worst = -1;

  /** Adds one result. */
  public void add(int index, double found, double expected) {
    double error = Math.abs(found - expected);
    squares += expected * expected;
    errors += error * error;
    magnitude = Math.max(magnitude, Math.abs(expected));
    if (!(error <= largest)) {
      largest = error; // true for NaN, which then stays
      worst = index;
    }
  }

  /** Describes the error; null where it is within rounding. */
  public String error() {
    double nmse = errors / Math.max(squares, 1e-30);
    if (nmse <= MAX_NMSE && largest <= MAX_ERROR * magnitude) {
      return null;
    }
    return String.format(
        Locale.ROOT,
        "normalised mean squared error %.2g, largest error %.2g at element %d",
        nmse,
        largest,
        worst);
  }
}
