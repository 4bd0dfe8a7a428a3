package gpt.explore.plot;

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

/** Encodes pictures as PNG and SVG with Java2D, without a display. */
final class PictureEncoder {
  private static final String SVG = "http://www.w3.org/2000/svg";

  /** PNG pixels per unit, for sharp text on high-resolution screens. */
  private static final int PIXELS = 2;

  static {
    // Otherwise Java2D connects to a display if the environment names one.
    System.setProperty("java.awt.headless", "true");
  }

  private PictureEncoder() {}

  /**
   * Checks that the system has a font: Java2D measures text, for SVG too, and throws various errors
   * without one.
   *
   * @throws GptException if there is no font
   */
  static void checkFonts() {
    try {
      Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
      new TextLayout("x", font, new FontRenderContext(null, true, true)).getBounds();
    } catch (OutOfMemoryError | StackOverflowError e) {
      throw e;
    } catch (RuntimeException | Error e) { // Java2D throws java.lang.Error too
      throw new GptException(
          "this system has no fonts, which pictures need; install one (apt install fontconfig"
              + " fonts-dejavu-core) or write a page (--plot FILE.html)",
          e);
    }
  }

  /**
   * Makes a text a single line that is valid in XML: white space becomes a space, control
   * characters become U+FFFD.
   */
  static String line(String text) {
    StringBuilder line = new StringBuilder();
    text.strip()
        .replaceAll("\\s+", " ")
        .codePoints()
        .map(c -> isControl(c) ? 0xFFFD : c)
        .forEach(line::appendCodePoint);
    return line.toString();
  }

  private static boolean isControl(int codePoint) {
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
    antialias(graphics);
    picture.draw(graphics);
    graphics.dispose();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.setUseCache(false); // no temporary files
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // impossible: written to memory
    }
    return bytes.toByteArray();
  }

  static byte[] svg(Picture picture) {
    checkFonts();
    SVGGeneratorContext context = SVGGeneratorContext.createDefault(document());
    context.setComment(null);
    SVGGraphics2D graphics = new SVGGraphics2D(context, false);
    antialias(graphics);
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
      throw new UncheckedIOException(e); // impossible: written to memory
    }
    return bytes.toByteArray();
  }

  /** A page with the picture as SVG, scaled to the window. */
  static byte[] html(Picture picture) {
    String svg = new String(svg(picture), StandardCharsets.UTF_8);
    String page =
        """
        <!DOCTYPE html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>%s</title>
        <style>body { margin: 0; background: white } svg { max-width: 100%%; height: auto }</style>
        %s
        </html>
        """;
    return page.formatted(Page.escape(line(picture.title())), svg.substring(svg.indexOf("<svg")))
        .getBytes(StandardCharsets.UTF_8);
  }

  private static void antialias(Graphics2D graphics) {
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
      throw new IllegalStateException(e); // impossible: the JDK's parser with its defaults
    }
  }

  private static Element text(Element root, String name, String text) {
    Element element = root.getOwnerDocument().createElementNS(SVG, name);
    element.setTextContent(line(text));
    return element;
  }
}
