package gpt.checkpoint.files;

import gpt.GptException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Maps the large files of a model and reads the small ones. */
public final class FileBytes {
  private static final int MAX_READ_BYTES = 64 << 20;

  private FileBytes() {}

  /**
   * Checks that a file can be mapped. Opening a pipe would block until a writer opens it.
   *
   * @throws GptException if the file is missing, a folder, a pipe or a device
   */
  public static void checkRegular(Path file) {
    if (Files.isDirectory(file)) {
      throw Fault.in(file, "is a folder; expected a file");
    }
    if (!Files.exists(file)) {
      throw Fault.in(file, "no such file");
    }
    if (!Files.isRegularFile(file)) {
      throw Fault.in(
          file, "is a pipe or a device; expected a regular file: copy its content to one");
    }
  }

  /**
   * Maps a whole file read-only, until the arena is closed.
   *
   * @throws GptException as {@link #checkRegular}
   */
  public static MemorySegment map(Path file, Arena arena) throws IOException {
    checkRegular(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  /**
   * Reads a whole file.
   *
   * @throws GptException if it is larger than 64 MiB
   */
  public static byte[] readAll(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_READ_BYTES + 1);
      if (bytes.length > MAX_READ_BYTES) {
        throw Fault.in(file, "expected at most " + MAX_READ_BYTES + " bytes, found more");
      }
      return bytes;
    }
  }
}
