package gpt.checkpoint;

import gpt.GptException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Files that get their names only when all are complete, so that a failure, or Ctrl-C, leaves what
 * was there before.
 *
 * @param folder made where it does not exist
 * @param files in the order in which they are written
 * @param stale files of a model that was there before, and are none of this one
 */
record ModelFiles(Path folder, List<Content> files, List<String> stale) {

  /** Writes a file's content. */
  @FunctionalInterface
  interface Source {
    void writeTo(FileChannel out) throws IOException;
  }

  /** A file by its name, and how many bytes it will have. */
  record Content(String name, long bytes, Source source) {
    static Content text(String name, String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return new Content(
          name,
          bytes.length,
          out -> {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.hasRemaining()) {
              out.write(buffer);
            }
          });
    }
  }

  /**
   * Writes all.
   *
   * @param overwrite whether files of these names are replaced
   * @throws GptException where files of these names exist, or the folder cannot be written or has
   *     no room for them
   */
  void write(boolean overwrite) {
    try {
      if (!overwrite) {
        for (Content file : files) {
          checkFree(folder.resolve(file.name()));
        }
        for (String name : stale) {
          checkFree(folder.resolve(name));
        }
      }
      checkSpace();
      boolean isNew = Files.notExists(folder);
      Files.createDirectories(folder);
      boolean written = false;
      try {
        if (isNew) {
          folder.toFile().deleteOnExit(); // only while it is empty
        }
        replace();
        written = true;
      } finally {
        if (isNew && !written) {
          Files.deleteIfExists(folder);
        }
      }
    } catch (IOException e) {
      throw Fault.in(folder, "cannot be written: " + Fault.reason(e), e);
    }
  }

  private static void checkFree(Path file) {
    if (Files.exists(file)) {
      throw Fault.in(file, "exists already; choose another folder");
    }
  }

  private void checkSpace() throws IOException {
    long needed = files.stream().mapToLong(Content::bytes).sum();
    Path existing = folder.toAbsolutePath();
    while (Files.notExists(existing) && existing.getParent() != null) {
      existing = existing.getParent();
    }
    long free = Files.getFileStore(existing).getUsableSpace();
    if (free < needed) {
      throw Fault.in(
          folder,
          "needs %d MB, but this disk has only %d MB free"
              .formatted(Math.ceilDiv(needed, 1_000_000), free / 1_000_000));
    }
  }

  private void replace() throws IOException {
    Map<Path, Path> partials = new LinkedHashMap<>();
    try {
      for (Content file : files) {
        Path partial =
            folder.resolve("." + file.name() + "." + ProcessHandle.current().pid() + ".partial");
        partials.put(partial, folder.resolve(file.name()));
        partial.toFile().deleteOnExit(); // Ctrl-C
        try (FileChannel out =
            FileChannel.open(
                partial,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
          file.source().writeTo(out);
          out.force(true);
        }
      }
      for (Map.Entry<Path, Path> move : partials.entrySet()) {
        Files.move(
            move.getKey(),
            move.getValue(),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
      for (String name : stale) {
        Files.deleteIfExists(folder.resolve(name));
      }
    } finally {
      for (Path partial : partials.keySet()) {
        Files.deleteIfExists(partial);
      }
    }
  }
}
