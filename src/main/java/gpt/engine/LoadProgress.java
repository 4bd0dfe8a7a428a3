package gpt.engine;

/** Receives the progress of loading a model. Several threads may call it. */
public interface LoadProgress {
  /** A receiver that ignores the progress. */
  LoadProgress NONE = fraction -> {};

  /**
   * Reports the fraction of the weights loaded so far, from 0 to 1; calls may come out of order.
   */
  void loaded(double fraction);

  /**
   * Reports that {@code done} of {@code total} kernels are compiled, possibly while weights are
   * still loaded.
   */
  default void compiling(int done, int total) {}
}
