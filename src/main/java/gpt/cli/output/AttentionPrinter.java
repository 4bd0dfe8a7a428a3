package gpt.cli.output;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.cli.options.ColourOption;
import gpt.explore.AttentionMap;
import gpt.explore.ColourScale;
import java.awt.Color;
import java.util.List;
import java.util.Locale;

/** What an attention head looks at, for terminals and for other programs. */
public final class AttentionPrinter {
  /** Columns that a label may take. */
  private static final int LONGEST_LABEL = 12;

  /** Cells that are there in the narrowest terminal. */
  private static final int FEWEST_CELLS = 10;

  private static final int MOST_KEYS = 3;

  private static final String SHADES = "·░▒▓█";

  /** From which weight on each shade stands. */
  private static final double[] FROM = {0, 0.05, 0.2, 0.4, 0.7};

  private static final int WHITE = 231;
  private static final int BLACK = 16;

  private final AttentionMap map;
  private final int n;

  /** Columns of numbers and of labels. */
  private final int number;

  private int label;

  public AttentionPrinter(AttentionMap map) {
    this.map = map;
    n = map.tokens().size();
    number = String.valueOf(n - 1).length();
  }

  /**
   * A row for each query with a cell for each key, and its strongest keys in words.
   *
   * @param columns the terminal's width
   */
  public String toText(int columns, boolean coloured) {
    int beside = 2 * number + "  ".length() + "  0.00  ".length() + " ".length();
    label = Math.clamp((columns - FEWEST_CELLS - beside) / 2, 1, widest());
    int left = number + 1 + label + 2;
    int strongest = "  0.00 ".length() + number + 1 + label;
    int room = Math.max(FEWEST_CELLS, columns - left - strongest);
    int cell = 2 * n <= room ? 2 : 1;
    int first = Math.max(0, n - room / cell);
    int keys = Math.clamp((columns - left - cell * (n - first)) / strongest, 1, MOST_KEYS);
    StringBuilder out = new StringBuilder();
    out.append(map.title()).append(": each row's token looks at the columns'\n");
    out.append(legend(coloured)).append('\n');
    for (int place = power(number - 1); place > 0; place /= 10) {
      out.append(" ".repeat(left));
      for (int key = first; key < n; key++) {
        boolean shown = place == 1 || key >= place;
        out.append(shown ? String.valueOf(key / place % 10) : " ").append(" ".repeat(cell - 1));
      }
      stripTrailing(out.append(place == 1 ? "  strongest" : "")).append('\n');
    }
    for (int query = 0; query < n; query++) {
      out.append(String.format(Locale.ROOT, "%" + number + "d ", query));
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
      out.append(": all ").append(n).append(" are on a page, --plot FILE.html\n");
    }
    return out.toString();
  }

  private int widest() {
    return map.tokens().stream()
        .mapToInt(token -> Columns.width(token.label()))
        .map(width -> Math.clamp(width, 1, LONGEST_LABEL))
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
    String format = "%.2f %" + number + "d %s";
    return String.format(Locale.ROOT, format, map.weights()[query][key], key, label(key));
  }

  private String label(int token) {
    return Columns.fit(map.tokens().get(token).label(), label);
  }

  private String cell(int query, int key, int width, boolean coloured) {
    double weight = map.weights()[query][key];
    return coloured
        ? ColourOption.on(colour(weight), BLACK, " ".repeat(width))
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
        legend.append(ColourOption.on(colour(i / 10.0), i < 5 ? WHITE : BLACK, text));
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

  /** Of a terminal's 256 the nearest to the scale, which runs from dark to light there. */
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

  public JsonObject toJson() {
    JsonObject json = new JsonObject();
    json.addProperty("layer", map.layer());
    json.addProperty("head", map.head());
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

  public String toCsv() {
    StringBuilder out = new StringBuilder();
    out.append(Csv.line(List.of("query", "query_token", "key", "key_token", "weight")));
    for (int query = 0; query < n; query++) {
      for (int key = 0; key <= query; key++) {
        out.append(
            Csv.line(
                List.of(
                    String.valueOf(query),
                    map.tokens().get(query).label(),
                    String.valueOf(key),
                    map.tokens().get(key).label(),
                    String.valueOf(map.weights()[query][key]))));
      }
    }
    return out.toString();
  }
}
