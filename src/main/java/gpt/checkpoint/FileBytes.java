package gpt.checkpoint;

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

/** A model's files: the large one is mapped, the small ones beside it are read. */
final class FileBytes {
  private static final int LARGEST_SMALL = 64 << 20;

  private FileBytes() {}

  /**
   * Refuses what cannot be mapped; opening a pipe would wait for its writer.
   *
   * @throws GptException where it is missing, a folder, a pipe or a device
   */
  static void checkRegular(Path file) {
    if (Files.isDirectory(file)) {
      throw Fault.in(file, "is a folder; expected a file");
    }
    if (!Files.exists(file)) {
      throw Fault.in(file, "no such file");
    }
    if (!Files.isRegularFile(file)) {
      throw Fault.in(
          file, "is a pipe or a device; expected a regular file, so copy its content to one");
    }
  }

  /**
   * All of a file, read-only; the arena unmaps it.
   *
   * @throws GptException where it is none
   */
  static MemorySegment map(Path file, Arena arena) throws IOException {
    checkRegular(file);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  /**
   * All of a small file.
   *
   * @throws GptException where it is none
   */
  static byte[] small(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST_SMALL + 1);
      if (bytes.length > LARGEST_SMALL) {
        throw Fault.in(file, "is larger than " + LARGEST_SMALL + " bytes");
      }
      return bytes;
    }
  }
}
