package gpt.backend.cpu;

import java.util.Locale;

/** How far results in single precision are from the expected ones. */
final class Difference {
  private static final double MOST_NMSE = 1e-10;
  private static final double MOST = 5e-5;

  private double squares;
  private double errors;
  private double largest;
  private double magnitude;
  private int worst = -1;

  void add(int index, double found, double expected) {
    double error = Math.abs(found - expected);
    squares += expected * expected;
    errors += error * error;
    magnitude = Math.max(magnitude, Math.abs(expected));
    if (!(error <= largest)) {
      largest = error; // NaN too, and then for good
      worst = index;
    }
  }

  /** In words, or null where it is rounding. */
  String wrong() {
    double nmse = errors / Math.max(squares, 1e-30);
    if (nmse <= MOST_NMSE && largest <= MOST * magnitude) {
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
