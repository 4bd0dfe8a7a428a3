package gpt.load;

/** Measures a device's memory bandwidth, the upper bound of decoding. */
public interface Bandwidth extends AutoCloseable {

  /** Measures now, in bytes per second. */
  double measure();

  /** What is measured, such as {@code reading with 2 threads}. */
  String description();

  @Override
  void close();
}
