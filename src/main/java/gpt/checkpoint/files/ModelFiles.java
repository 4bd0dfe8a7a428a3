package gpt.checkpoint.files;

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
 * The files of a model to be written. They are written under temporary names and renamed when all
 * are complete, so that a failure or Ctrl-C leaves existing files unchanged.
 *
 * @param folder created if it does not exist
 * @param files in the order in which they are written
 * @param stale names of files to delete: a previous model may have them, this one has not
 */
public record ModelFiles(Path folder, List<Content> files, List<String> stale) {

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Source {
    /** Writes all bytes. */
    void writeTo(FileChannel out) throws IOException;
  }

  /** A file's name, its size in bytes and its content. */
  public record Content(String name, long bytes, Source source) {
    /** A text file in UTF-8. */
    public static Content text(String name, String text) {
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
   * Writes all files.
   *
   * @param overwrite whether existing files are replaced
   * @throws GptException if files of these names exist and are not to be replaced, the folder
   *     cannot be written, or the disk has too little free space
   */
  public void write(boolean overwrite) {
    try {
      if (!overwrite) {
        for (Content file : files) {
          checkAbsent(folder.resolve(file.name()));
        }
        for (String name : stale) {
          checkAbsent(folder.resolve(name));
        }
      }
      checkSpace();
      boolean isNew = Files.notExists(folder);
      Files.createDirectories(folder);
      boolean written = false;
      try {
        if (isNew) {
          folder.toFile().deleteOnExit(); // has an effect only if it is empty
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

  private static void checkAbsent(Path file) {
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
          "expected %d MB of free disk space, found %d MB; choose a folder on another disk"
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
        partial.toFile().deleteOnExit(); // for Ctrl-C
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
