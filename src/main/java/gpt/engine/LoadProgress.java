package gpt.engine;

/** Receives the progress of loading a model, on several threads. */
public interface LoadProgress {
  /** Ignores the progress. */
  LoadProgress NONE = fraction -> {};

  /** Fraction of the weights packed so far, from 0 to 1; calls may come out of order. */
  void loaded(double fraction);

  /** {@code done} of {@code total} kernels are compiled; this overlaps with loading the weights. */
  default void compiling(int done, int total) {}
}
