package gpt.fuzz;

import com.sun.management.ThreadMXBean;
import gpt.GptException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The properties that hold for any file: a reader accepts it or throws a {@link GptException} with
 * a message of one line that names the file, and it allocates memory in proportion to the file's
 * size. {@code scripts/fuzz} runs a fuzzer that searches for a file that violates them.
 */
public final class FuzzTarget {
  /**
   * Bytes of heap that a reader may allocate in total for each byte of a file. The most expensive
   * byte is an empty set in a pickle, with about 100.
   */
  private static final long MAX_HEAP_PER_BYTE = 128;

  /** Bytes of heap for the model around the file and the error. */
  private static final long BASE_HEAP = 1 << 20;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static FuzzTarget target;

  private final FuzzReader reader;
  private final Path folder;

  /** Measures the heap that a reader allocates until it is done or fails. */
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

  /** Creates a target for a reader, with an empty folder for its model. */
  FuzzTarget(FuzzReader reader, Path folder) throws IOException {
    this.reader = reader;
    this.folder = folder;
    reader.make(folder);
  }

  /**
   * Reads a file and checks the properties.
   *
   * @return the error message, or null if the file is accepted
   * @throws AssertionError if a property does not hold
   */
  String check(byte[] data) throws IOException {
    AssertionError first = null;
    for (int i = 0; i < 3; i++) { // the first time, loading classes allocates memory too
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
    long limit = BASE_HEAP + MAX_HEAP_PER_BYTE * data.length;
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
      throw new AssertionError("does not name the file: " + message, e);
    }
    boolean unexpected =
        message.contains(": cannot be read: ") && e.getCause() instanceof RuntimeException;
    if (unexpected || e.getCause() instanceof Error) {
      throw new AssertionError("does not say what is wrong: " + message, e);
    }
  }

  /** Thrown if a file exceeds its limit of memory. */
  private static final class TooMuchMemory extends AssertionError {
    private static final long serialVersionUID = 1L;

    TooMuchMemory(String message) {
      super(message);
    }
  }

  /** Called once by the fuzzer, with the reader's name. */
  public static void fuzzerInitialize(String[] args) throws IOException {
    FuzzReader reader = FuzzReader.valueOf(args[0].toUpperCase(Locale.ROOT));
    target = new FuzzTarget(reader, Files.createTempDirectory("fuzz"));
    for (byte[] seed : FuzzSeeds.of(reader, Files.createTempDirectory("seeds")).values()) {
      target.reader.put(target.folder, seed);
      try {
        target.reader.read(target.folder, new Meter());
      } catch (GptException e) {
        // seeds are read only to load classes
      }
    }
  }

  /** Called by the fuzzer with each file. */
  public static void fuzzerTestOneInput(byte[] data) {
    try {
      target.check(data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
