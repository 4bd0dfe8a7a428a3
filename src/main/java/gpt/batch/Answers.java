package gpt.batch;

import java.io.Closeable;
import java.io.IOException;

/** Where answers are written, and which lines have one from an earlier run. */
public interface Answers extends Closeable {
  /** Writes an answer, a line with its end. */
  void write(byte[] line) throws IOException;

  /** The fingerprint of a line's earlier answer; 0 if it has none. */
  default long previous(long line) {
    return 0;
  }

  /** Number of earlier answers. */
  default int count() {
    return 0;
  }

  /** Number of earlier answers that are errors. */
  default int errors() {
    return 0;
  }

  @Override
  default void close() throws IOException {}
}
