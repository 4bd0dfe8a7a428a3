package gpt.explore.plot;

import com.google.gson.stream.JsonWriter;
import gpt.explore.TokenScore;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

/**
 * The HTML page of a coloured text. It contains the text in chunks; its script creates an element
 * for each token when the chunk comes into view, so that a browser can show millions of tokens.
 */
record TextPage(ColouredText text) {
  /** Minimum tokens of a chunk, which then ends at the next line end. */
  private static final int MIN_CHUNK = 400;

  /** Maximum tokens of a chunk; its end is displayed as a line end. */
  private static final int MAX_CHUNK = 8000;

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
    for (int token : text.largest()) {
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
      chunks.append("</div>"); // no line end after it, which would be displayed
      from = to;
    }
    return chunks;
  }

  private int end(int from) {
    int to = from;
    while (to < text.size() && to - from < MAX_CHUNK) {
      boolean endsLine = text.text(to++).endsWith("\n");
      if (endsLine && to - from >= MIN_CHUNK) {
        break;
      }
    }
    return to;
  }

  /** The script's data: lengths locate each token in the text. */
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
        json.jsonValue("1e999"); // JSON has no infinity; JavaScript parses this as one
      } else {
        json.value(Math.round(value * 1e4) / 1e4);
      }
    }
    json.endArray();
    if (text.isScored()) {
      scores(json);
    }
    json.endObject();
  }

  /** Each token's rank, the likeliest other tokens as ids and probabilities, and their labels. */
  private void scores(JsonWriter json) throws IOException {
    Set<Integer> named = new TreeSet<>();
    json.name("scores").beginArray();
    for (int token = 0; token < text.size(); token++) {
      TokenScore score = text.score(token);
      json.beginArray();
      if (score != null) {
        json.value(score.rank());
        for (int i = 0; i < score.others().length; i++) {
          json.value(score.others()[i]).value(Math.round(score.otherProbability(i) * 1e6) / 1e6);
          named.add(score.others()[i]);
        }
      }
      json.endArray();
    }
    json.endArray().name("labels").beginObject();
    for (int id : named) {
      json.name(String.valueOf(id)).value(text.labelOf(id));
    }
    json.endObject();
  }
}
