package gpt.explore.plot;

import gpt.GptException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Locale;

/**
 * The file of {@code --plot}. It is written under a temporary name and renamed when complete, so a
 * failure does not damage an existing file.
 *
 * @param path its path
 * @param format its format, by the path's extension
 */
public record PlotFile(Path path, Format format) {

  /** File formats. */
  public enum Format {
    /** A vector graphic. */
    SVG,
    /** A bitmap. */
    PNG,
    /** A self-contained interactive page. */
    HTML
  }

  /**
   * Determines the format from the extension.
   *
   * @throws IllegalArgumentException if the extension is none of the formats
   */
  public static PlotFile of(Path path) {
    String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    return Arrays.stream(Format.values())
        .filter(format -> name.endsWith("." + format.name().toLowerCase(Locale.ROOT)))
        .findFirst()
        .map(format -> new PlotFile(path, format))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "the file's name must end in .svg, .png or .html, found '" + path + "'"));
  }

  /**
   * Checks, before a model is loaded, that the file can probably be written.
   *
   * @throws GptException if the folder does not exist or is not writable, or a picture finds no
   *     fonts
   */
  public void check() {
    checkPlace();
    if (format != Format.HTML) {
      PictureEncoder.checkFonts();
    }
  }

  private void checkPlace() {
    Path folder = folder(path);
    if (!Files.isDirectory(folder)) {
      throw new GptException("--plot " + path + ": there is no folder " + folder);
    }
    if (Files.isDirectory(path)) {
      throw new GptException("--plot " + path + ": is a folder; name a file in it");
    }
    if (!Files.isWritable(isFile() ? folder : path)) {
      throw new GptException("--plot " + path + ": cannot be written, permission denied");
    }
  }

  /**
   * Writes a picture; as a page that has nothing else where the format is {@link Format#HTML}.
   *
   * @throws GptException if it cannot be written
   */
  public void write(Picture picture) {
    write(
        switch (format) {
          case SVG -> PictureEncoder.svg(picture);
          case PNG -> PictureEncoder.png(picture);
          case HTML -> PictureEncoder.html(picture);
        });
  }

  /**
   * Writes a page.
   *
   * @throws GptException if it cannot be written
   */
  public void write(String page) {
    write(page.getBytes(StandardCharsets.UTF_8));
  }

  private void write(byte[] bytes) {
    checkPlace(); // again: generating may have taken long
    try {
      if (!isFile()) {
        Files.write(path, bytes);
        return;
      }
      // A symbolic link stays; its target is replaced.
      Path target = Files.exists(path) ? path.toRealPath() : path;
      String name = "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".partial";
      Path partial = folder(target).resolve(name);
      try {
        Files.write(partial, bytes);
        Files.move(
            partial, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(partial);
      }
    } catch (AccessDeniedException e) {
      throw new GptException("--plot " + path + ": cannot be written, permission denied", e);
    } catch (IOException e) {
      throw new GptException("--plot " + path + ": cannot be written: " + e.getMessage(), e);
    }
  }

  /** False for devices and pipes, which are written in place. */
  private boolean isFile() {
    return Files.notExists(path) || Files.isRegularFile(path);
  }

  private static Path folder(Path file) {
    Path parent = file.getParent();
    return parent == null ? Path.of("").toAbsolutePath() : parent;
  }
}
