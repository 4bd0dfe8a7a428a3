package gpt.engine;

/** Follows the loading of a model; calls come from several threads. */
public interface LoadProgress {
  /** Ignores it. */
  LoadProgress NONE = fraction -> {};

  /** This fraction of the weights, from 0 to 1, is packed; threads report out of order. */
  void loaded(double fraction);

  /** {@code done} of {@code total} kernels are compiled, while the weights are loaded. */
  default void compiling(int done, int total) {}
}
