package gpt.explore;

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
 * A page of HTML from a template beside this class, whose gaps are names in double braces. Style
 * and script are in it, and its own policy keeps a browser from loading anything else.
 */
final class Page {
  private static final Pattern GAP = Pattern.compile("\\{\\{([a-z]+)}}");

  private final String template;
  private final Map<String, CharSequence> gaps = new HashMap<>();

  Page(String template) {
    this.template = resource(template);
    gaps.put("style", resource("page.css") + ColourScale.css());
  }

  /** Fills a gap with text, whatever characters it has. */
  Page text(String gap, String text) {
    return html(gap, escape(text));
  }

  /** Fills a gap with what is HTML already. */
  Page html(String gap, CharSequence html) {
    gaps.put(gap, html);
    return this;
  }

  /**
   * Fills a gap inside a script; nothing in the data can end that, since its angles are escaped.
   */
  Page json(String gap, Json data) {
    StringWriter out = new StringWriter();
    try (JsonWriter json = new JsonWriter(out)) {
      json.setHtmlSafe(true);
      data.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // into memory
    }
    return html(gap, out.getBuffer());
  }

  /** Writes data as it goes, since there may be millions of numbers. */
  @FunctionalInterface
  interface Json {
    void write(JsonWriter json) throws IOException;
  }

  /** Text for an element or for an attribute in quotes. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /**
   * The whole page.
   *
   * @throws IllegalStateException where a gap was left open
   */
  @Override
  public String toString() {
    StringBuilder page = new StringBuilder();
    Matcher gap = GAP.matcher(template);
    int end = 0;
    while (gap.find()) {
      CharSequence content = gaps.get(gap.group(1));
      if (content == null) {
        throw new IllegalStateException("nothing for " + gap.group());
      }
      page.append(template, end, gap.start()).append(content);
      end = gap.end();
    }
    return page.append(template, end, template.length()).toString();
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // from the jar that this runs from
    }
  }
}
