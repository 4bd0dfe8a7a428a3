package gpt.checkpoint;

import gpt.model.GptException;
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
 * Writes a checkpoint as a Hugging Face GPT-2 folder: {@code model.safetensors}, {@code
 * characters.json} where it has characters, and {@code config.json}. The same checkpoint always
 * gives the same bytes.
 */
public final class CheckpointWriter {
  private static final List<String> NAMES =
      List.of(HuggingFaceReader.SINGLE_FILE, Characters.FILE, HuggingFaceConfig.FILE);

  /** The content of one file. */
  @FunctionalInterface
  private interface Content {
    void writeTo(FileChannel out) throws IOException;
  }

  private CheckpointWriter() {}

  /** As {@link #write(Checkpoint, Path, boolean)}, never overwriting. */
  public static void write(Checkpoint checkpoint, Path folder) {
    write(checkpoint, folder, false);
  }

  /**
   * Writes the folder. Files get their names only when all are complete, so that a failure leaves
   * what was there before.
   *
   * @param checkpoint an open one; its weights are streamed, not copied
   * @param folder made where it does not exist
   * @param overwrite whether files of these names are replaced
   * @throws GptException where files of these names exist, or the folder cannot be written
   */
  public static void write(Checkpoint checkpoint, Path folder, boolean overwrite) {
    if (!overwrite) {
      for (String name : NAMES) {
        if (Files.exists(folder.resolve(name))) {
          throw Fault.in(folder.resolve(name), "exists already; choose another folder");
        }
      }
    }
    try {
      boolean isNew = Files.notExists(folder);
      Files.createDirectories(folder);
      boolean written = false;
      try {
        replace(folder, contents(checkpoint));
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

  private static Map<String, Content> contents(Checkpoint checkpoint) {
    Map<String, Content> files = new LinkedHashMap<>();
    files.put(
        HuggingFaceReader.SINGLE_FILE, out -> SafetensorsWriter.write(checkpoint.weights(), out));
    checkpoint
        .characters()
        .ifPresent(c -> files.put(Characters.FILE, out -> text(Characters.toJson(c), out)));
    String config = HuggingFaceConfig.toJson(checkpoint.config(), checkpoint.weights().tied());
    files.put(HuggingFaceConfig.FILE, out -> text(config, out));
    return files;
  }

  private static void replace(Path folder, Map<String, Content> files) throws IOException {
    Map<Path, Path> partials = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, Content> file : files.entrySet()) {
        String hidden = "." + file.getKey() + "." + ProcessHandle.current().pid() + ".partial";
        partials.put(folder.resolve(hidden), folder.resolve(file.getKey()));
        try (FileChannel out =
            FileChannel.open(
                folder.resolve(hidden),
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
          file.getValue().writeTo(out);
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
      if (!files.containsKey(Characters.FILE)) {
        Files.deleteIfExists(folder.resolve(Characters.FILE)); // another model's
      }
    } finally {
      for (Path partial : partials.keySet()) {
        Files.deleteIfExists(partial);
      }
    }
  }

  private static void text(String text, FileChannel out) throws IOException {
    SafetensorsWriter.writeFully(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)), out);
  }
}
