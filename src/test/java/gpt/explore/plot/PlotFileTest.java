package gpt.explore.plot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import gpt.GptException;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class PlotFileTest {
  @TempDir Path folder;

  /** A red square on white, 40 by 30 units. */
  private record Square(String title, String description) implements Picture {
    @Override
    public int width() {
      return 40;
    }

    @Override
    public int height() {
      return 30;
    }

    @Override
    public void draw(Graphics2D graphics) {
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, 40, 30);
      graphics.setColor(Color.RED);
      graphics.fillRect(10, 10, 10, 10);
      graphics.drawString("<&>", 2, 8);
    }
  }

  private static final Square SQUARE = new Square("A <square> & more", "red\u0001, \"10\" by 10\n");

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void theExtensionDeterminesTheFormat() {
    assertEquals(PlotFile.Format.SVG, PlotFile.of(Path.of("a.svg")).format());
    assertEquals(PlotFile.Format.PNG, PlotFile.of(Path.of("dir.svg/a.PNG")).format());
    assertEquals(PlotFile.Format.HTML, PlotFile.of(Path.of("a.svg.html")).format());
    for (String name : List.of("a.jpg", "a", "svg", "a.svg/b", "a.htm", "", "/")) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> PlotFile.of(Path.of(name)));
      assertTrue(e.getMessage().contains(".svg, .png or .html"), e.getMessage());
    }
  }

  @Test
  void svgIsXmlWithATextAlternative() throws Exception {
    Path file = folder.resolve("a.svg");
    PlotFile.of(file).write(SQUARE);
    Document svg = Svg.parse(Files.readAllBytes(file));
    assertEquals("svg", svg.getDocumentElement().getLocalName());
    assertEquals("0 0 40 30", svg.getDocumentElement().getAttribute("viewBox"));
    assertEquals("img", svg.getDocumentElement().getAttribute("role"));
    assertEquals(List.of("A <square> & more"), Svg.texts(svg, "title"));
    assertEquals(List.of("red\uFFFD, \"10\" by 10"), Svg.texts(svg, "desc"));
    assertEquals(List.of("<&>"), Svg.texts(svg, "text"));
  }

  @Test
  void pngHasTwoPixelsPerUnit() throws Exception {
    Path file = folder.resolve("a.png");
    PlotFile.of(file).write(SQUARE);
    BufferedImage image = ImageIO.read(file.toFile());
    assertEquals(80, image.getWidth());
    assertEquals(60, image.getHeight());
    assertEquals(Color.RED.getRGB(), image.getRGB(30, 30));
    assertEquals(Color.WHITE.getRGB(), image.getRGB(50, 50));
  }

  @Test
  void aPageIsWrittenUnchanged() throws Exception {
    PlotFile page = PlotFile.of(folder.resolve("a.html"));
    page.write("<p>中</p>");
    assertEquals("<p>中</p>", Files.readString(page.path()));
    page.write(SQUARE);
    String drawn = Files.readString(page.path());
    assertTrue(drawn.contains("<title>A &lt;square&gt; &amp; more</title>"), drawn);
    assertTrue(drawn.contains("viewBox=\"0 0 40 30\""), drawn);
  }

  @Test
  void unwritableFilesAreRejectedByTheCheck() throws Exception {
    assertRejected(folder.resolve("no/such/a.svg"), "there is no folder");
    Files.createDirectory(folder.resolve("dir.svg"));
    assertRejected(folder.resolve("dir.svg"), "is a folder");
    Files.writeString(folder.resolve("file"), "");
    assertRejected(folder.resolve("file/a.svg"), "there is no folder");
    PlotFile.of(folder.resolve("new.svg")).check();
    PlotFile.of(Path.of("here.svg")).check();
    assertEquals(List.of("dir.svg", "file"), names(), "a check creates no files");
  }

  private static void assertRejected(Path file, String why) {
    for (Runnable attempt :
        List.<Runnable>of(PlotFile.of(file)::check, () -> PlotFile.of(file).write(SQUARE))) {
      GptException e = assertThrows(GptException.class, attempt::run);
      assertTrue(e.getMessage().startsWith("--plot " + file + ": "), e.getMessage());
      assertTrue(e.getMessage().contains(why), e.getMessage());
    }
  }

  @Test
  void aFolderWithoutWritePermissionIsRejected() throws Exception {
    Path closed = Files.createDirectory(folder.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
    try {
      assumeTrue(!Files.isWritable(closed), "root may write everywhere");
      assertRejected(closed.resolve("a.svg"), "permission denied");
    } finally {
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  /** A failure leaves the old file; success leaves no temporary file. */
  @Test
  void aFileIsReplacedAtomically() throws Exception {
    Path file = folder.resolve("a.svg");
    Files.writeString(file, "old");
    Picture broken =
        new Picture() {
          @Override
          public int width() {
            return 10;
          }

          @Override
          public int height() {
            return 10;
          }

          @Override
          public String title() {
            return "";
          }

          @Override
          public String description() {
            return "";
          }

          @Override
          public void draw(Graphics2D graphics) {
            throw new GptException("half way");
          }
        };
    assertThrows(GptException.class, () -> PlotFile.of(file).write(broken));
    assertEquals("old", Files.readString(file));
    // The same if the temporary file cannot be written, since a folder has its name.
    Path partial = folder.resolve(".a.svg." + ProcessHandle.current().pid() + ".partial");
    Files.createDirectory(partial);
    Files.writeString(partial.resolve("x"), "");
    assertThrows(GptException.class, () -> PlotFile.of(file).write(SQUARE));
    assertEquals("old", Files.readString(file));
    Files.delete(partial.resolve("x"));
    Files.delete(partial);
    PlotFile.of(file).write(SQUARE);
    assertTrue(Files.readString(file).contains("<svg"));
    assertEquals(List.of("a.svg"), names());
  }

  @Test
  void aSymbolicLinkIsKept() throws Exception {
    Path target = folder.resolve("target.svg");
    Path link = folder.resolve("a.svg");
    Files.writeString(target, "old");
    Files.createSymbolicLink(link, target);
    PlotFile.of(link).check();
    PlotFile.of(link).write(SQUARE);
    assertTrue(Files.isSymbolicLink(link));
    assertTrue(Files.readString(target).contains("<svg"));
  }

  /**
   * Devices and pipes, such as /dev/stdout, must be written in place. The test uses a pipe, since a
   * bug in a test that runs as root would replace a device of the system.
   */
  @Test
  void pipesAreWrittenInPlaceAlsoThroughLinks() throws Exception {
    Path pipe = folder.resolve("pipe.html");
    Path link = folder.resolve("link.html");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    Files.createSymbolicLink(link, pipe);
    for (Path name : List.of(pipe, link)) {
      Process reader = new ProcessBuilder("cat", pipe.toString()).start();
      PlotFile.of(name).check();
      PlotFile.of(name).write("a page");
      assertEquals("a page", new String(reader.getInputStream().readAllBytes(), UTF_8));
      assertTrue(Files.exists(pipe) && !Files.isRegularFile(pipe));
    }
    assertTrue(Files.isSymbolicLink(link));
    assertEquals(List.of("link.html", "pipe.html"), names());
  }
}
