package gpt.benchmarks.report;

/**
 * A logarithmic axis of whole decades.
 *
 * @param lowest power of ten at its start
 * @param highest power of ten at its end
 * @param from coordinate of its start
 * @param to coordinate of its end
 */
record LogScale(int lowest, int highest, int from, int to) {

  /** An axis from {@code min} to {@code max}, both positive, or wider. */
  static LogScale of(double min, double max, int from, int to) {
    int lowest = (int) Math.floor(Math.log10(min));
    int highest = Math.max(lowest + 1, (int) Math.ceil(Math.log10(max)));
    return new LogScale(lowest, highest, from, to);
  }

  int place(double value) {
    double part = (Math.log10(value) - lowest) / (highest - lowest);
    return (int) Math.round(from + part * (to - from));
  }

  /** Label of a power of ten: {@code 1/100}, {@code 1}, {@code 1000}. */
  static String label(int decade) {
    long power = Math.round(Math.pow(10, Math.abs(decade)));
    return decade < 0 ? "1/" + power : String.valueOf(power);
  }
}
