package gpt.explore;

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
 * A file that a picture goes into. It gets its name only when it is complete, so that a failure
 * leaves what was there before.
 *
 * @param path where
 * @param format what its name's ending says
 */
public record PlotFile(Path path, Format format) {

  /** What a picture can be written as. */
  public enum Format {
    /** Scalable, for papers and web pages. */
    SVG,
    /** Pixels. */
    PNG,
    /** A page by itself, without anything to be loaded. */
    HTML
  }

  /**
   * The file of that name.
   *
   * @throws IllegalArgumentException where its ending is none of the formats'
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
   * Fails early, before a model is loaded for it.
   *
   * @throws GptException where the file cannot be written as far as one can tell
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
      throw new GptException("--plot " + path + ": is a folder, name a file in it");
    }
    if (!Files.isWritable(isFile() ? folder : path)) {
      throw new GptException("--plot " + path + ": cannot be written, permission denied");
    }
  }

  /**
   * Draws the picture into the file.
   *
   * @throws GptException where it cannot be written
   * @throws IllegalStateException where the format is {@link Format#HTML}
   */
  public void write(Picture picture) {
    write(
        switch (format) {
          case SVG -> PictureEncoder.svg(picture);
          case PNG -> PictureEncoder.png(picture);
          case HTML -> throw new IllegalStateException("a page is not drawn");
        });
  }

  /**
   * Writes a page.
   *
   * @throws GptException where it cannot be written
   */
  public void write(String page) {
    write(page.getBytes(StandardCharsets.UTF_8));
  }

  private void write(byte[] bytes) {
    checkPlace(); // much may have happened since the first time
    try {
      if (!isFile()) {
        Files.write(path, bytes);
        return;
      }
      // A link stays one: what it leads to is replaced.
      Path target = Files.exists(path) ? path.toRealPath() : path;
      String hidden = "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".partial";
      Path partial = folder(target).resolve(hidden);
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

  /** Not a device or a pipe, which nothing can be moved in the place of. */
  private boolean isFile() {
    return Files.notExists(path) || Files.isRegularFile(path);
  }

  private static Path folder(Path file) {
    Path parent = file.getParent();
    return parent == null ? Path.of("").toAbsolutePath() : parent;
  }
}
