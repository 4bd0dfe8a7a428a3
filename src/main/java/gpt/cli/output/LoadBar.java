package gpt.cli.output;

import gpt.engine.LoadProgress;

/** The progress bar of loading a model: reading and packing weights, and compiling kernels. */
public final class LoadBar implements LoadProgress, AutoCloseable {
  private final ProgressBar bar;
  private double fraction;
  private String kernels = "";

  /** Starts the clock; draws no bar unless {@code shown}. */
  public LoadBar(boolean shown) {
    bar = new ProgressBar("loading", shown);
  }

  @Override
  public synchronized void loaded(double part) {
    fraction = Math.max(fraction, part); // packing threads report out of order
    bar.at(fraction, kernels);
  }

  @Override
  public synchronized void compiling(int done, int total) {
    kernels = ", compiling kernels " + done + "/" + total;
    bar.at(fraction, kernels);
  }

  @Override
  public void close() {
    bar.close();
  }
}
