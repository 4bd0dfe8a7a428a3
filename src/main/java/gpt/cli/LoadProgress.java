package gpt.cli;

/** The bar of loading: weights are read and packed, while kernels are compiled. */
final class LoadProgress implements AutoCloseable {
  private static final String LABEL = "loading";

  private final ProgressBar bar;
  private double fraction;
  private String kernels = "";

  /** Starts the clock. {@code shown}: whether a bar may be drawn at all. */
  LoadProgress(boolean shown) {
    bar = new ProgressBar(LABEL, shown);
  }

  /** This part of the weights, from 0 to 1, is packed. */
  synchronized void packed(double part) {
    fraction = Math.max(fraction, part); // threads that pack report out of order
    bar.at(fraction, kernels);
  }

  /** {@code done} of {@code total} kernels are compiled, while the weights are loaded. */
  synchronized void compiling(int done, int total) {
    kernels = ", compiling kernels " + done + "/" + total;
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
