package gpt.explore.plot;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fills in an HTML template, a resource of this package with placeholders in double braces: {@code
 * {{title}}}. The page includes its style and script, and its content security policy forbids
 * loading anything.
 */
final class Page {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z]+)}}");

  private final String template;
  private final Map<String, CharSequence> values = new HashMap<>();

  Page(String template) {
    this.template = resource(template);
    values.put("style", resource("page.css") + ColourScale.css());
  }

  /** Sets a placeholder to text, which is escaped. */
  Page text(String name, String text) {
    return html(name, escape(text));
  }

  /** Sets a placeholder to HTML. */
  Page html(String name, CharSequence html) {
    values.put(name, html);
    return this;
  }

  /**
   * Sets a placeholder inside a script element to JSON. Angle brackets are escaped, so no string
   * can end the element.
   */
  Page json(String name, Json data) {
    StringWriter out = new StringWriter();
    try (JsonWriter json = new JsonWriter(out)) {
      json.setHtmlSafe(true);
      data.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // impossible: written to memory
    }
    return html(name, out.getBuffer());
  }

  /** Streams data, which may be millions of numbers. */
  @FunctionalInterface
  interface Json {
    void write(JsonWriter json) throws IOException;
  }

  /** Escapes text for an element or for a quoted attribute. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /**
   * The page.
   *
   * @throws IllegalStateException if a placeholder has no value
   */
  @Override
  public String toString() {
    StringBuilder page = new StringBuilder();
    Matcher placeholder = PLACEHOLDER.matcher(template);
    int end = 0;
    while (placeholder.find()) {
      CharSequence value = values.get(placeholder.group(1));
      if (value == null) {
        throw new IllegalStateException("no value for " + placeholder.group());
      }
      page.append(template, end, placeholder.start()).append(value);
      end = placeholder.end();
    }
    return page.append(template, end, template.length()).toString();
  }

  /** Reads a resource of this package. */
  static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // the program's own jar cannot be read
    }
  }
}
