package gpt.checkpoint;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.gson.stream.JsonWriter;
import gpt.GptException;
import gpt.checkpoint.files.ModelFiles;
import gpt.checkpoint.files.ModelFiles.Content;
import gpt.checkpoint.format.OutTensor;
import gpt.checkpoint.huggingface.SafetensorsWriter;
import gpt.model.DType;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A file of float32 matrices. It is written under a temporary name and renamed when complete.
 *
 * @param path its path
 * @param format its format, by the path's extension
 */
public record ArrayFile(Path path, Format format) {
  private static final int NPY_ALIGNMENT = 64;

  /** File formats. */
  public enum Format {
    /** Any number of matrices, by name. */
    SAFETENSORS,
    /** One matrix, for numpy.load. */
    NPY,
    /** An object with a list of rows for each name. */
    JSON
  }

  /**
   * A named matrix.
   *
   * @param rows at least one, all of the same length
   */
  public record Matrix(String name, float[][] rows) {
    /** Number of columns. */
    public int columns() {
      return rows[0].length;
    }
  }

  /**
   * Determines the format from the extension.
   *
   * @throws IllegalArgumentException if the extension is none of the formats
   */
  public static ArrayFile of(Path path) {
    String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    return Arrays.stream(Format.values())
        .filter(format -> name.endsWith("." + format.name().toLowerCase(Locale.ROOT)))
        .findFirst()
        .map(format -> new ArrayFile(path, format))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the file's name must end in .safetensors, .npy or .json, found '"
                        + path
                        + "'"));
  }

  private Path folder() {
    return path.toAbsolutePath().getParent();
  }

  /**
   * Checks, before a model is loaded, that the file can probably be written.
   *
   * @throws GptException if the folder does not exist or is not writable, or a folder has the name
   */
  public void check() {
    if (!Files.isDirectory(folder())) {
      throw new GptException(path + ": there is no folder " + folder());
    }
    if (Files.isDirectory(path)) {
      throw new GptException(path + ": is a folder; name a file in it");
    }
    if (!Files.isWritable(folder())) {
      throw new GptException(path + ": cannot be written, permission denied");
    }
  }

  /**
   * Writes matrices, one for {@link Format#NPY}; an existing file is replaced.
   *
   * @throws GptException if it cannot be written
   */
  public void write(List<Matrix> matrices) {
    String name = path.getFileName().toString();
    long bytes = matrices.stream().mapToLong(m -> 4L * m.rows.length * m.columns()).sum();
    Content content =
        switch (format) {
          case SAFETENSORS -> {
            SafetensorsWriter writer = new SafetensorsWriter(tensors(matrices));
            yield new Content(name, writer.size(), out -> writer.write(out, done -> {}));
          }
          case NPY -> new Content(name, bytes, out -> npy(matrices.getFirst(), out));
          case JSON -> new Content(name, 3 * bytes, out -> json(matrices, out));
        };
    new ModelFiles(folder(), List.of(content), List.of()).write(true);
  }

  private static List<OutTensor> tensors(List<Matrix> matrices) {
    return matrices.stream()
        .map(
            matrix ->
                new OutTensor(
                    matrix.name,
                    2,
                    matrix.rows.length,
                    matrix.columns(),
                    DType.F32,
                    (first, count, out) -> {
                      for (int row = 0; row < count; row++) {
                        int n = matrix.columns();
                        System.arraycopy(matrix.rows[first + row], 0, out, row * n, n);
                      }
                    },
                    null))
        .toList();
  }

  /** The format of numpy.lib.format, version 1.0. */
  private static void npy(Matrix matrix, FileChannel out) throws IOException {
    String shape =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }"
            .formatted(matrix.rows.length, matrix.columns());
    int magic = 10;
    int padding = Math.floorMod(-(magic + shape.length() + 1), NPY_ALIGNMENT);
    byte[] header = (shape + " ".repeat(padding) + "\n").getBytes(US_ASCII);
    ByteBuffer start = ByteBuffer.allocate(magic + header.length).order(ByteOrder.LITTLE_ENDIAN);
    start.put((byte) 0x93).put("NUMPY".getBytes(US_ASCII)).put((byte) 1).put((byte) 0);
    start.putShort((short) header.length).put(header);
    write(start.flip(), out);
    for (float[] row : matrix.rows) {
      ByteBuffer bytes = ByteBuffer.allocate(4 * row.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(row);
      write(bytes, out);
    }
  }

  private static void write(ByteBuffer bytes, FileChannel out) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static void json(List<Matrix> matrices, FileChannel out) throws IOException {
    Writer text = new OutputStreamWriter(Channels.newOutputStream(out), StandardCharsets.UTF_8);
    json(matrices, text);
    text.flush();
  }

  /** Writes an object with a list of rows for each matrix, and a line end. */
  public static void json(List<Matrix> matrices, Writer out) throws IOException {
    JsonWriter json = new JsonWriter(out);
    json.beginObject();
    for (Matrix matrix : matrices) {
      json.name(matrix.name).beginArray();
      for (float[] row : matrix.rows) {
        json.beginArray();
        for (float value : row) {
          json.value(value);
        }
        json.endArray();
      }
      json.endArray();
    }
    json.endObject();
    json.flush();
    out.write('\n');
  }
}
