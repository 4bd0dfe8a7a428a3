package gpt.explore;

import gpt.GptException;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.font.FontRenderContext;
import java.awt.font.TextLayout;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Turns pictures into the bytes of files, with Java2D, which needs no display for it. */
final class PictureEncoder {
  private static final String SVG = "http://www.w3.org/2000/svg";

  /** Pixels of a PNG for each unit, so that text is sharp on today's screens. */
  private static final int PIXELS = 2;

  static {
    // Else Java2D looks for a display where one seems to be there.
    System.setProperty("java.awt.headless", "true");
  }

  private PictureEncoder() {}

  /**
   * Java2D measures text even for SVG, and fails in several ways where the system has no font.
   *
   * @throws GptException where that is so
   */
  static void checkFonts() {
    try {
      Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
      new TextLayout("x", font, new FontRenderContext(null, true, true)).getBounds();
    } catch (OutOfMemoryError | StackOverflowError e) {
      throw e;
    } catch (RuntimeException | Error e) { // an Error itself is among them
      throw new GptException(
          "this system has no fonts, which pictures need: install fontconfig and one (apt install"
              + " fontconfig fonts-dejavu-core), or write a page, --plot FILE.html",
          e);
    }
  }

  /** A text as one line that can be drawn and stand in XML: no line ends, no controls. */
  static String line(String text) {
    StringBuilder line = new StringBuilder();
    text.strip()
        .replaceAll("\\s+", " ")
        .codePoints()
        .map(c -> unfit(c) ? 0xFFFD : c)
        .forEach(line::appendCodePoint);
    return line.toString();
  }

  private static boolean unfit(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.SURROGATE, Character.UNASSIGNED -> true;
      default -> false;
    };
  }

  static byte[] png(Picture picture) {
    checkFonts();
    BufferedImage image =
        new BufferedImage(
            PIXELS * picture.width(), PIXELS * picture.height(), BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.scale(PIXELS, PIXELS);
    smooth(graphics);
    picture.draw(graphics);
    graphics.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.setUseCache(false); // of files, on disk
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // into memory
    }
    return bytes.toByteArray();
  }

  static byte[] svg(Picture picture) {
    checkFonts();
    SVGGeneratorContext context = SVGGeneratorContext.createDefault(document());
    context.setComment(null);
    SVGGraphics2D graphics = new SVGGraphics2D(context, false);
    smooth(graphics);
    picture.draw(graphics);
    Element root = graphics.getRoot();
    root.setAttribute("width", String.valueOf(picture.width()));
    root.setAttribute("height", String.valueOf(picture.height()));
    root.setAttribute("viewBox", "0 0 " + picture.width() + " " + picture.height());
    root.setAttribute("role", "img");
    root.insertBefore(text(root, "desc", picture.description()), root.getFirstChild());
    root.insertBefore(text(root, "title", picture.title()), root.getFirstChild());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (Writer out = new OutputStreamWriter(bytes, StandardCharsets.UTF_8)) {
      graphics.stream(root, out, true, false);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // into memory
    }
    return bytes.toByteArray();
  }

  private static void smooth(Graphics2D graphics) {
    graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
  }

  private static Document document() {
    try {
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .getDOMImplementation()
          .createDocument(SVG, "svg", null);
    } catch (ParserConfigurationException e) {
      throw new IllegalStateException(e); // Java's own parser, as it is
    }
  }

  private static Element text(Element root, String name, String text) {
    Element element = root.getOwnerDocument().createElementNS(SVG, name);
    element.setTextContent(line(text));
    return element;
  }
}
