package gpt.benchmarks.report;

/**
 * A logarithmic axis of whole decades.
 *
 * @param lowest power of ten where it begins
 * @param highest power of ten where it ends
 * @param from place of its beginning in the picture
 * @param to place of its end
 */
record LogScale(int lowest, int highest, int from, int to) {

  /** An axis that has room for some values, all positive. */
  static LogScale of(double least, double most, int from, int to) {
    int lowest = (int) Math.floor(Math.log10(least));
    int highest = Math.max(lowest + 1, (int) Math.ceil(Math.log10(most)));
    return new LogScale(lowest, highest, from, to);
  }

  int place(double value) {
    double part = (Math.log10(value) - lowest) / (highest - lowest);
    return (int) Math.round(from + part * (to - from));
  }

  /** What stands at a power of ten: {@code 1/100}, {@code 1}, {@code 1000}. */
  static String label(int decade) {
    long power = Math.round(Math.pow(10, Math.abs(decade)));
    return decade < 0 ? "1/" + power : String.valueOf(power);
  }
}
