package gpt.explore;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;

/**
 * The page of a coloured text. The text stands in it as it is, in chunks that the page's script
 * colours when they come into view, so that a browser can also show millions of tokens.
 */
final class TextPage {
  /** Tokens after which a chunk ends with the next line. */
  private static final int CHUNK = 400;

  /** Tokens after which it ends anywhere, which then looks like the end of a line. */
  private static final int LONGEST = 8000;

  private final ColouredText text;

  TextPage(ColouredText text) {
    this.text = text;
  }

  String html() {
    ColouredText.Caption caption = text.caption();
    String top = text.withUnit(text.top()) + (text.clipped() ? " or more" : "");
    return new Page("text.html")
        .text("title", caption.title())
        .text("note", caption.note())
        .text("summary", text.summary())
        .text("quantity", caption.quantity())
        .text("measure", caption.measure())
        .text("top", top)
        .html("rows", rows())
        .html("chunks", chunks())
        .json("data", this::data)
        .toString();
  }

  private String rows() {
    StringBuilder rows = new StringBuilder();
    for (int token : text.greatest()) {
      rows.append("<tr><td><button type=\"button\" data-token=\"")
          .append(token)
          .append("\">")
          .append(token)
          .append("</button></td><td><code>")
          .append(Page.escape(text.label(token)))
          .append("</code></td><td>")
          .append(text.id(token))
          .append("</td><td>")
          .append(ColouredText.number(text.value(token)))
          .append("</td></tr>\n");
    }
    return rows.toString();
  }

  private StringBuilder chunks() {
    StringBuilder chunks = new StringBuilder();
    int from = 0;
    while (from < text.size()) {
      int to = end(from);
      chunks.append("<div class=\"chunk\" data-from=\"").append(from);
      chunks.append("\" data-to=\"").append(to).append("\">");
      for (int token = from; token < to; token++) {
        chunks.append(Page.escape(text.text(token)));
      }
      chunks.append("</div>"); // an end of line after it would show as an empty one
      from = to;
    }
    return chunks;
  }

  private int end(int from) {
    int to = from;
    while (to < text.size() && to - from < LONGEST) {
      boolean line = text.text(to++).endsWith("\n");
      if (line && to - from >= CHUNK) {
        break;
      }
    }
    return to;
  }

  /** What the script needs to find each token in the text. */
  private void data(JsonWriter json) throws IOException {
    json.beginObject();
    json.name("measure").value(text.caption().measure());
    json.name("unit").value(text.caption().unit());
    json.name("top").value(text.top());
    json.name("ids").beginArray();
    for (int token = 0; token < text.size(); token++) {
      json.value(text.id(token));
    }
    json.endArray().name("lengths").beginArray();
    for (int token = 0; token < text.size(); token++) {
      json.value(text.text(token).length());
    }
    json.endArray().name("values").beginArray();
    for (int token = 0; token < text.size(); token++) {
      double value = text.value(token);
      if (Double.isNaN(value)) {
        json.nullValue();
      } else if (Double.isInfinite(value)) {
        json.jsonValue("1e999"); // JSON has no infinity, and this reads as one
      } else {
        json.value(Math.round(value * 1e4) / 1e4);
      }
    }
    json.endArray().endObject();
  }
}
