package gpt.checkpoint;

import com.sun.management.ThreadMXBean;
import gpt.GptException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What must hold of any file, whatever its bytes: a reader takes it, or throws a {@link
 * GptException} of one line that names it; and no more memory than the file's size justifies.
 * {@code scripts/fuzz} has a fuzzer look for a file of which it does not hold.
 */
public final class FuzzTarget {
  /**
   * Bytes of heap that a reader may allocate in all, most of them for a moment, for each byte of a
   * file. The costliest byte is an empty set in a pickle, a hundred.
   */
  private static final long PER_BYTE = 128;

  /** For the model around the file, and the error. */
  private static final long AT_LEAST = 1 << 20;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static FuzzTarget target;

  private final FuzzReader reader;
  private final Path folder;

  /** What a reader took until it was done or failed. */
  private static final class Meter implements FuzzReader.Memory {
    private final long start = allocated();
    private long end = -1;
    private long weights;

    @Override
    public void weights(long bytes) {
      weights = bytes;
    }

    @Override
    public void done() {
      end = allocated();
    }

    private static long allocated() {
      return THREADS.getCurrentThreadAllocatedBytes();
    }

    long heap() {
      return (end < 0 ? allocated() : end) - start;
    }
  }

  /** Files of this reader, in an empty folder that it may fill. */
  FuzzTarget(FuzzReader reader, Path folder) throws IOException {
    this.reader = reader;
    this.folder = folder;
    reader.make(folder);
  }

  /**
   * Reads a file.
   *
   * @return the error's line, or null where there was none
   * @throws AssertionError where something does not hold of it
   */
  String check(byte[] data) throws IOException {
    AssertionError first = null;
    for (int i = 0; i < 3; i++) { // classes that are loaded take memory too, once
      try {
        return checkOnce(data);
      } catch (TooMuchMemory e) {
        first = e;
      }
    }
    throw first;
  }

  private String checkOnce(byte[] data) throws IOException {
    reader.put(folder, data);
    Meter meter = new Meter();
    String refused = null;
    try {
      reader.read(folder, meter);
    } catch (GptException e) {
      meter.end = Meter.allocated();
      checkError(e);
      refused = e.getMessage();
    }
    long limit = AT_LEAST + PER_BYTE * data.length;
    if (meter.heap() > limit) {
      throw new TooMuchMemory(
          "%d bytes of heap for a file of %d".formatted(meter.heap(), data.length));
    }
    if (meter.weights > data.length + (1 << 12)) {
      throw new TooMuchMemory(
          "%d bytes of weights from a file of %d".formatted(meter.weights, data.length));
    }
    return refused;
  }

  private void checkError(GptException e) {
    String message = e.getMessage();
    if (message.lines().count() != 1 || message.codePoints().anyMatch(Character::isISOControl)) {
      throw new AssertionError("not one line: " + message, e);
    }
    if (!message.startsWith(folder.toString())) {
      throw new AssertionError("no file: " + message, e);
    }
    boolean unforeseen =
        message.contains(": cannot be read: ") && e.getCause() instanceof RuntimeException;
    if (unforeseen || e.getCause() instanceof Error) {
      throw new AssertionError("says not what is wrong: " + message, e);
    }
  }

  /** The bytes that one file takes. */
  private static final class TooMuchMemory extends AssertionError {
    private static final long serialVersionUID = 1L;

    TooMuchMemory(String message) {
      super(message);
    }
  }

  /** The fuzzer calls it once, with the reader's name. */
  public static void fuzzerInitialize(String[] args) throws IOException {
    FuzzReader reader = FuzzReader.valueOf(args[0].toUpperCase(Locale.ROOT));
    target = new FuzzTarget(reader, Files.createTempDirectory("fuzz"));
    for (byte[] seed : FuzzSeeds.of(reader, Files.createTempDirectory("seeds")).values()) {
      target.reader.put(target.folder, seed);
      try {
        target.reader.read(target.folder, new Meter());
      } catch (GptException e) {
        // only to load classes
      }
    }
  }

  /** The fuzzer calls it with file after file. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      target.check(data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
