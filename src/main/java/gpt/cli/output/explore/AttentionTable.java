package gpt.cli.output.explore;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.cli.output.Columns;
import gpt.explore.plot.AttentionMap;
import java.util.List;
import java.util.Locale;

/**
 * Prints many heads: as text the key that the last token attends to most, as JSON and CSV all
 * weights.
 *
 * @param maps the layers' maps, each with the same heads
 */
public record AttentionTable(List<List<AttentionMap>> maps) {
  private static final int MAX_LABEL = 8;
  private static final int NUMBER = 5;
  private static final String GAP = "  ";

  /** A row for each layer, a column for each head. */
  public String text() {
    AttentionMap first = maps.getFirst().getFirst();
    int last = first.tokens().size() - 1;
    int digits = String.valueOf(last).length();
    int label = 1;
    for (List<AttentionMap> layer : maps) {
      for (AttentionMap map : layer) {
        label = Math.max(label, Columns.width(strongest(map, last)));
      }
    }
    label = Math.min(label, MAX_LABEL);
    StringBuilder out = new StringBuilder();
    out.append(
        "the key that token %d, %s, attends to most in each head, and its weight%n"
            .formatted(last, first.tokens().get(last).label()));
    StringBuilder line = new StringBuilder("layer");
    int width = digits + 1 + label + NUMBER;
    for (AttentionMap map : maps.getFirst()) {
      line.append(GAP).append(Columns.left(map.isOne() ? "head " + map.head() : map.head(), width));
    }
    Columns.endLine(line, out);
    for (List<AttentionMap> layer : maps) {
      line.append(Columns.left(String.valueOf(layer.getFirst().layer()), "layer".length()));
      for (AttentionMap map : layer) {
        int key = map.strongest(last, 1).getFirst();
        line.append(GAP).append(Columns.right(String.valueOf(key), digits)).append(' ');
        line.append(Columns.fit(strongest(map, last), label));
        line.append(String.format(Locale.ROOT, " %.2f", map.weights()[last][key]));
      }
      Columns.endLine(line, out);
    }
    return out.toString();
  }

  private static String strongest(AttentionMap map, int query) {
    return map.tokens().get(map.strongest(query, 1).getFirst()).label();
  }

  /** An object with tokens and a list of heads, each with layer, head and weights. */
  public JsonObject json() {
    JsonObject object = new JsonObject();
    JsonArray heads = new JsonArray();
    for (List<AttentionMap> layer : maps) {
      for (AttentionMap map : layer) {
        JsonObject head = new AttentionPrinter(map).toJson();
        object.add("tokens", head.remove("tokens"));
        heads.add(head);
      }
    }
    object.add("heads", heads);
    return object;
  }

  /** A header, and a line for each weight. */
  public String csv() {
    StringBuilder out = new StringBuilder();
    for (List<AttentionMap> layer : maps) {
      for (AttentionMap map : layer) {
        String[] lines = new AttentionPrinter(map).toCsv().split("\n", 2);
        out.append(out.isEmpty() ? "layer,head," + lines[0] + "\n" : "");
        String head = map.layer() + "," + map.head() + ",";
        lines[1].lines().forEach(line -> out.append(head).append(line).append('\n'));
      }
    }
    return out.toString();
  }
}
