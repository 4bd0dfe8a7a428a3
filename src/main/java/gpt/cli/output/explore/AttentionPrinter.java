package gpt.cli.output.explore;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.cli.output.Columns;
import gpt.cli.output.Csv;
import gpt.cli.output.Json;
import gpt.cli.output.Terminal;
import gpt.explore.plot.AttentionMap;
import gpt.explore.plot.ColourScale;
import java.awt.Color;
import java.util.Locale;

/** Prints the attention weights of one head: a picture in characters, JSON or CSV. */
public final class AttentionPrinter {
  /** Columns for a label. */
  private static final int MAX_LABEL_WIDTH = 12;

  /** Columns for cells, even in a narrow terminal. */
  private static final int MIN_CELL_COLUMNS = 10;

  /** Strongest keys beside each row. */
  private static final int MAX_KEYS = 3;

  private static final String SHADES = "·░▒▓█";

  /** The smallest weight of each shade. */
  private static final double[] FROM = {0, 0.05, 0.2, 0.4, 0.7};

  private static final int WHITE = 231;
  private static final int BLACK = 16;

  private final AttentionMap map;
  private final int n;

  /** Columns for a token's number. */
  private final int numberWidth;

  /** Columns for a token's label. */
  private int labelWidth;

  /** Prints this map. */
  public AttentionPrinter(AttentionMap map) {
    this.map = map;
    n = map.tokens().size();
    numberWidth = String.valueOf(n - 1).length();
  }

  /**
   * A row for each query with a cell for each key, and the strongest keys beside it.
   *
   * @param columns the terminal's width
   */
  public String toText(int columns, boolean coloured) {
    int beside = 2 * numberWidth + "  ".length() + "  0.00  ".length() + " ".length();
    labelWidth = Math.clamp((columns - MIN_CELL_COLUMNS - beside) / 2, 1, widest());
    int left = numberWidth + 1 + labelWidth + 2;
    int strongest = "  0.00 ".length() + numberWidth + 1 + labelWidth;
    int room = Math.max(MIN_CELL_COLUMNS, columns - left - strongest);
    int cell = 2 * n <= room ? 2 : 1;
    int first = Math.max(0, n - room / cell);
    int keys = Math.clamp((columns - left - cell * (n - first)) / strongest, 1, MAX_KEYS);
    StringBuilder out = new StringBuilder();
    out.append(map.title()).append(": rows are queries, columns are keys\n");
    out.append(legend(coloured)).append('\n');
    for (int place = power(numberWidth - 1); place > 0; place /= 10) {
      out.append(" ".repeat(left));
      for (int key = first; key < n; key++) {
        boolean shown = place == 1 || key >= place;
        out.append(shown ? String.valueOf(key / place % 10) : " ").append(" ".repeat(cell - 1));
      }
      stripTrailing(out.append(place == 1 ? "  strongest" : "")).append('\n');
    }
    for (int query = 0; query < n; query++) {
      out.append(String.format(Locale.ROOT, "%" + numberWidth + "d ", query));
      out.append(label(query)).append("  ");
      for (int key = first; key < n; key++) {
        out.append(key > query ? " ".repeat(cell) : cell(query, key, cell, coloured));
      }
      for (int key : map.strongest(query, keys)) {
        out.append("  ").append(named(query, key));
      }
      stripTrailing(out).append('\n');
    }
    if (first > 0) {
      out.append("The picture begins with column ").append(first);
      out.append("; --plot FILE.html writes a page with all ").append(n).append('\n');
    }
    return out.toString();
  }

  private int widest() {
    return map.tokens().stream()
        .mapToInt(token -> Columns.width(token.label()))
        .map(width -> Math.clamp(width, 1, MAX_LABEL_WIDTH))
        .max()
        .orElse(1);
  }

  private static int power(int digits) {
    return (int) Math.pow(10, digits);
  }

  private static StringBuilder stripTrailing(StringBuilder out) {
    int end = out.length();
    while (out.charAt(end - 1) == ' ') {
      end--;
    }
    out.setLength(end);
    return out;
  }

  private String named(int query, int key) {
    String format = "%.2f %" + numberWidth + "d %s";
    return String.format(Locale.ROOT, format, map.weights()[query][key], key, label(key));
  }

  private String label(int token) {
    return Columns.fit(map.tokens().get(token).label(), labelWidth);
  }

  private String cell(int query, int key, int width, boolean coloured) {
    double weight = map.weights()[query][key];
    return coloured
        ? Terminal.coloured(colour(weight), BLACK, " ".repeat(width))
        : shade(weight).repeat(width);
  }

  static String shade(double weight) {
    int shade = FROM.length - 1;
    while (weight < FROM[shade]) {
      shade--;
    }
    return SHADES.substring(shade, shade + 1);
  }

  private static String legend(boolean coloured) {
    StringBuilder legend = new StringBuilder("weights: ");
    if (coloured) {
      for (int i = 0; i <= 10; i++) {
        String text = i % 5 == 0 ? String.format(Locale.ROOT, " %.1f ", i / 10.0) : "  ";
        legend.append(Terminal.coloured(colour(i / 10.0), i < 5 ? WHITE : BLACK, text));
      }
      return legend.append('\n').toString();
    }
    for (int i = 0; i < FROM.length; i++) {
      legend.append(SHADES.charAt(i));
      legend.append(i == 0 ? " below 0.05" : " from " + Csv.number(FROM[i]));
      legend.append(i < FROM.length - 1 ? ", " : "\n");
    }
    return legend.toString();
  }

  /** The nearest of a terminal's 256 colours; the scale runs from dark to light on a terminal. */
  static int colour(double weight) {
    Color wanted = ColourScale.at(1 - weight);
    int[] steps = {0, 95, 135, 175, 215, 255};
    int[] parts = {wanted.getRed(), wanted.getGreen(), wanted.getBlue()};
    int index = 0;
    for (int part : parts) {
      int best = 0;
      for (int i = 1; i < steps.length; i++) {
        best = Math.abs(steps[i] - part) < Math.abs(steps[best] - part) ? i : best;
      }
      index = 6 * index + best;
    }
    return 16 + index;
  }

  /** A number for a head, a word for the mean or the maximum. */
  private void head(JsonObject json) {
    if (map.isOne()) {
      json.addProperty("head", Integer.parseInt(map.head()));
    } else {
      json.addProperty("head", map.head());
    }
  }

  /** An object with layer, head, tokens and a row of i + 1 weights for query i. */
  public JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("layer", map.layer());
    head(json);
    JsonArray tokens = new JsonArray();
    for (AttentionMap.Token token : map.tokens()) {
      JsonObject object = new JsonObject();
      object.addProperty("id", token.id());
      object.addProperty("token", token.label());
      tokens.add(object);
    }
    json.add("tokens", tokens);
    json.add("weights", Json.tree(map.weights()));
    return json;
  }

  /** A header, and a line for each weight. */
  public String toCsv() {
    StringBuilder out = new StringBuilder();
    out.append(Csv.line("query", "query_token", "key", "key_token", "weight"));
    for (int query = 0; query < n; query++) {
      for (int key = 0; key <= query; key++) {
        String from = map.tokens().get(query).label();
        String to = map.tokens().get(key).label();
        out.append(Csv.line(query, from, key, to, map.weights()[query][key]));
      }
    }
    return out.toString();
  }
}
