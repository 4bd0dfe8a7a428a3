package gpt.cli;

/** The bar of loading, whose parts are reading and packing weights, while kernels are compiled. */
final class LoadProgress implements AutoCloseable {
  private static final String LABEL = "loading";

  private final ProgressBar bar;
  private double read;
  private double fraction;
  private String kernels = "";

  /** Starts the clock. {@code shown}: whether a bar may be drawn at all. */
  LoadProgress(boolean shown) {
    bar = new ProgressBar(LABEL, shown);
  }

  /** {@code done} of {@code total} bytes are read: the first half. A mapped file has none. */
  void read(long done, long total) {
    read = 0.5 * done / Math.max(total, 1);
    at(read);
  }

  /** {@code fraction} of the weights, from 0 to 1, is packed: the rest. */
  void packed(double fraction) {
    at(read + (1 - read) * fraction);
  }

  /** {@code done} of {@code total} kernels are compiled, while the weights are loaded. */
  synchronized void compiling(int done, int total) {
    kernels = ", compiling kernels " + done + "/" + total;
    at(fraction);
  }

  private synchronized void at(double part) {
    fraction = Math.max(fraction, part); // threads that pack report out of order
    bar.at(fraction, kernels);
  }

  static String bar(double fraction) {
    return ProgressBar.bar(LABEL, fraction);
  }

  @Override
  public void close() {
    bar.close();
  }
}
