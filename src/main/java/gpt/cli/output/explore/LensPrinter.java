package gpt.cli.output.explore;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.cli.output.Columns;
import gpt.cli.output.Json;
import gpt.cli.output.StepTable;
import gpt.explore.Lens;
import gpt.load.LoadedModel;
import gpt.tokenizer.Vocabulary;
import java.util.Locale;

/** Prints a lens: the likeliest token of each layer and position, and one position in detail. */
public record LensPrinter(Lens lens, Vocabulary vocabulary) {
  private static final int LAYER = 5;
  private static final int MAX_LABEL = 8;
  private static final int NUMBER = 5;
  private static final String GAP = "  ";

  /**
   * Two tables.
   *
   * @param position of the second one
   * @param columns the terminal's width
   */
  public String text(int position, int columns) {
    return grid(columns) + "\n" + detail(position);
  }

  private String label(int id) {
    return vocabulary.label(id);
  }

  /** The likeliest token and its probability after each layer, for the last positions that fit. */
  private String grid(int columns) {
    int label = 1;
    for (Lens.Layer layer : lens.layers()) {
      for (Lens.Prediction each : layer.predictions()) {
        label = Math.max(label, Columns.width(label(each.ids()[0])));
      }
    }
    for (int row = 0; row < lens.rows(); row++) {
      label = Math.max(label, Columns.width(label(id(row))) - NUMBER);
    }
    label = Math.min(label, MAX_LABEL);
    int cell = label + NUMBER;
    int shown = Math.clamp((columns - LAYER) / (GAP.length() + cell), 1, lens.rows());
    StringBuilder out = new StringBuilder();
    out.append("the likeliest next token after each layer, and its probability");
    out.append(shown < lens.rows() ? ", for the last " + shown + " tokens\n" : "\n");
    StringBuilder line = new StringBuilder(Columns.left("layer", LAYER));
    for (int row = lens.rows() - shown; row < lens.rows(); row++) {
      line.append(GAP).append(Columns.fit(label(id(row)), cell));
    }
    Columns.endLine(line, out);
    for (int layer = 0; layer < lens.layers().size(); layer++) {
      line.append(Columns.left(name(layer), LAYER));
      for (int row = lens.rows() - shown; row < lens.rows(); row++) {
        Lens.Prediction each = lens.layers().get(layer).predictions().get(row);
        line.append(GAP).append(Columns.fit(label(each.ids()[0]), label));
        line.append(String.format(Locale.ROOT, " %.2f", each.probabilities()[0]));
      }
      Columns.endLine(line, out);
    }
    return out.toString();
  }

  private static String name(int layer) {
    return layer == 0 ? "embed" : String.valueOf(layer - 1);
  }

  private int id(int row) {
    return lens.ids()[lens.first() + row];
  }

  /** All listed tokens after each layer at one position, and the norms. */
  private String detail(int position) {
    int row = position - lens.first();
    Lens.Prediction last = lens.layers().getLast().predictions().get(row);
    StringBuilder out = new StringBuilder();
    out.append(
        "after token %d, %s: norms of the stream and of what attention and the MLP add,%n"
            .formatted(position, label(id(row))));
    out.append(
        "the probability of the model's choice, %s, and the likeliest tokens%n"
            .formatted(label(last.ids()[0])));
    out.append("layer  stream    attn     mlp  choice  likeliest\n");
    for (int i = 0; i < lens.layers().size(); i++) {
      Lens.Layer layer = lens.layers().get(i);
      Lens.Prediction found = layer.predictions().get(row);
      StringBuilder line = new StringBuilder(Columns.left(name(i), LAYER));
      line.append(String.format(Locale.ROOT, "  %6.2f", layer.stream()[row]));
      line.append(norm(layer.attn(), row)).append(norm(layer.mlp(), row));
      line.append(GAP).append(Columns.left(StepTable.probability(found.finalProbability()), 6));
      for (int n = 0; n < found.ids().length; n++) {
        line.append(GAP).append(label(found.ids()[n])).append(' ');
        line.append(StepTable.probability(found.probabilities()[n]));
      }
      Columns.endLine(line, out);
    }
    return out.toString();
  }

  private static String norm(double[] norms, int row) {
    return norms.length == 0 ? " ".repeat(8) : String.format(Locale.ROOT, "%8.2f", norms[row]);
  }

  /** One JSON object on a line. */
  public String json(LoadedModel loaded) {
    JsonObject object = new JsonObject();
    object.add("prompt_ids", Json.tree(lens.ids()));
    object.addProperty("first", lens.first());
    JsonArray layers = new JsonArray();
    for (Lens.Layer layer : lens.layers()) {
      JsonArray positions = new JsonArray();
      for (int row = 0; row < lens.rows(); row++) {
        positions.add(position(layer, row));
      }
      layers.add(positions);
    }
    object.add("layers", layers);
    return Json.line(object, loaded.engine());
  }

  private JsonObject position(Lens.Layer layer, int row) {
    Lens.Prediction found = layer.predictions().get(row);
    JsonObject object = new JsonObject();
    object.addProperty("position", lens.first() + row);
    object.addProperty("stream_norm", layer.stream()[row]);
    object.addProperty("attn_norm", layer.attn().length == 0 ? null : layer.attn()[row]);
    object.addProperty("mlp_norm", layer.mlp().length == 0 ? null : layer.mlp()[row]);
    object.addProperty("final_probability", found.finalProbability());
    JsonArray top = new JsonArray();
    for (int n = 0; n < found.ids().length; n++) {
      JsonObject token = new JsonObject();
      token.addProperty("id", found.ids()[n]);
      token.addProperty("token", vocabulary.text(found.ids()[n]));
      token.addProperty("probability", found.probabilities()[n]);
      top.add(token);
    }
    object.add("top", top);
    return object;
  }
}
