package gpt.load;

/** A probe of what a device's memory can do, to compare decoding with. */
public interface Bandwidth extends AutoCloseable {

  /** Bytes a second, now. */
  double measure();

  /** What it measures: {@code reading, 2 threads}. */
  String description();

  @Override
  void close();
}
