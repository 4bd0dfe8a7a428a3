package gpt.backend.tornado;

/** Hears how loading goes; calls come from several threads. */
public interface Progress {
  /** {@code fraction} of the weights, from 0 to 1, is ready to be copied to the device. */
  void loaded(double fraction);

  /** {@code done} of {@code total} kernels are compiled. */
  void compiling(int done, int total);
}
