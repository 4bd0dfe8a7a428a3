package gpt.cli.output;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.tokenizer.TokenLabel;
import gpt.tokenizer.Tokenizer;
import java.util.Locale;

/** A text's tokens, each with its start and end in the text's UTF-8 bytes. */
public final class TokenList {
  /** Pale blue and pale yellow: distinguishable with any kind of colour blindness. */
  private static final int[] BACKGROUNDS = {153, 229};

  private static final int BLACK = 16;

  private final Tokenizer tokenizer;
  private final int[] ids;
  private final byte[][] bytes;
  private final int[] starts; // one more than tokens: the last is the end

  /** Decodes the ids of a text. */
  public TokenList(Tokenizer tokenizer, int[] ids) {
    this.tokenizer = tokenizer;
    this.ids = ids;
    bytes = new byte[ids.length][];
    starts = new int[ids.length + 1];
    for (int i = 0; i < ids.length; i++) {
      bytes[i] = tokenizer.decode(ids[i]);
      starts[i + 1] = starts[i] + bytes[i].length;
    }
  }

  /** The text, its tokens on two alternating background colours, and an empty line. */
  public String coloured() {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < ids.length; i++) {
      String text = TokenLabel.text(bytes[i]).replace("\t", "\\t");
      int background = BACKGROUNDS[i % BACKGROUNDS.length];
      int from = 0;
      // Reset before a line end: else the colour would fill the rest of the terminal's line.
      for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
        out.append(Terminal.coloured(background, BLACK, text.substring(from, end) + "↵"));
        out.append('\n');
        from = end + 1;
      }
      if (from < text.length()) {
        out.append(Terminal.coloured(background, BLACK, text.substring(from)));
      }
    }
    boolean midLine = !out.isEmpty() && out.charAt(out.length() - 1) != '\n';
    return out.append(midLine ? "\n\n" : "\n").toString();
  }

  /** A table with a row for each token. */
  public String toText() {
    int number = Math.max(5, String.valueOf(ids.length).length());
    int span = Math.max(5, 2 * String.valueOf(starts[ids.length]).length() + 1);
    String format = "%" + number + "s  %6s  %-" + span + "s  %s%n";
    StringBuilder out = new StringBuilder();
    out.append(String.format(Locale.ROOT, format, "index", "id", "bytes", "token"));
    for (int i = 0; i < ids.length; i++) {
      String bytes = starts[i] + "–" + starts[i + 1];
      out.append(String.format(Locale.ROOT, format, i, ids[i], bytes, label(i)));
    }
    out.append(
        String.format(
            Locale.ROOT,
            "%n%s of %s (%s)%n",
            count(ids.length, "token"),
            count(starts[ids.length], "byte"),
            tokenizer.name()));
    return out.toString();
  }

  private static String count(int n, String what) {
    return n + " " + what + (n == 1 ? "" : "s");
  }

  /** An object with the tokenizer, the counts and the tokens. */
  public JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("tokenizer", tokenizer.name());
    json.addProperty("count", ids.length);
    json.addProperty("bytes", starts[ids.length]);
    JsonArray tokens = new JsonArray();
    for (int i = 0; i < ids.length; i++) {
      JsonObject token = new JsonObject();
      token.addProperty("id", ids[i]);
      token.addProperty("token", label(i));
      token.addProperty("start", starts[i]);
      token.addProperty("end", starts[i + 1]);
      tokens.add(token);
    }
    json.add("tokens", tokens);
    return json;
  }

  /** A header, and a line for each token. */
  public String toCsv() {
    StringBuilder out = new StringBuilder();
    out.append(Csv.line("index", "id", "start", "end", "token"));
    for (int i = 0; i < ids.length; i++) {
      out.append(Csv.line(i, ids[i], starts[i], starts[i + 1], label(i)));
    }
    return out.toString();
  }

  private String label(int i) {
    return TokenLabel.of(bytes[i]);
  }
}
