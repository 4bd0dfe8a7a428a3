package gpt.cli.output;

import gpt.engine.LoadProgress;

/** The bar of loading: weights are read and packed, while kernels are compiled. */
public final class LoadBar implements LoadProgress, AutoCloseable {
  private static final String LABEL = "loading";

  private final ProgressBar bar;
  private double fraction;
  private String kernels = "";

  /** Starts the clock. {@code shown}: whether a bar may be drawn at all. */
  public LoadBar(boolean shown) {
    bar = new ProgressBar(LABEL, shown);
  }

  @Override
  public synchronized void loaded(double part) {
    fraction = Math.max(fraction, part); // threads that pack report out of order
    bar.at(fraction, kernels);
  }

  @Override
  public synchronized void compiling(int done, int total) {
    kernels = ", compiling kernels " + done + "/" + total;
    bar.at(fraction, kernels);
  }

  public static String bar(double fraction) {
    return ProgressBar.bar(LABEL, fraction);
  }

  @Override
  public void close() {
    bar.close();
  }
}
