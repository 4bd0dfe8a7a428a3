package gpt.explore.plot;

import com.google.gson.JsonObject;
import gpt.engine.Engine;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.explore.Activations;
import gpt.explore.Lens;
import java.util.List;
import java.util.stream.IntStream;

/** What happens inside the model at positions of a text, as the page's script reads it. */
public final class LayersData {
  /** Tokens listed for each layer. */
  private static final int TOP = 5;

  /** A position's layers, from the embedding on. */
  private record Predictions(int position, List<LayerRow> layers) {}

  /** A layer's likeliest next tokens, and the norms of the stream and of what the block adds. */
  private record LayerRow(
      int[] ids,
      double[] probabilities,
      double finalProbability,
      double norm,
      Double attentionNorm,
      Double mlpNorm) {
    static LayerRow of(Lens.Layer layer, int row) {
      Lens.Prediction prediction = layer.predictions().get(row);
      boolean block = layer.attn().length > 0;
      return new LayerRow(
          prediction.ids(),
          prediction.probabilities(),
          prediction.finalProbability(),
          layer.stream()[row],
          block ? layer.attn()[row] : null,
          block ? layer.mlp()[row] : null);
    }
  }

  /** A position's embedding, and the attention weights of all heads of each layer. */
  private record Weights(int position, String embedding, String[] weights) {}

  private LayersData() {}

  /**
   * The logit lens and the norms of what each block adds, of each position from {@code first} on.
   *
   * @throws gpt.GptException as {@link Activations#read}
   */
  public static List<JsonObject> lens(Engine engine, int[] ids, int first) {
    Lens lens = Lens.of(engine, ids, first, TOP);
    return IntStream.range(0, lens.rows())
        .mapToObj(
            row ->
                json(
                    new Predictions(
                        first + row,
                        lens.layers().stream().map(layer -> LayerRow.of(layer, row)).toList())))
        .toList();
  }

  private static JsonObject json(Object position) {
    return StepData.GSON.toJsonTree(position).getAsJsonObject();
  }

  /**
   * The vector that enters the first block, and the attention weights of all heads, of each
   * position from {@code first} on.
   *
   * @throws gpt.GptException as {@link Activations#read}
   */
  public static List<JsonObject> attention(Engine engine, int[] ids, int first) {
    int layers = engine.config().nLayer();
    String[][] weights = new String[ids.length - first][layers];
    String[] embeddings = new String[ids.length - first];
    Activations.read(
        engine,
        ids,
        first,
        new Want.ProbeReader() {
          @Override
          public boolean wants(Site site, int layer) {
            return site == Site.WEIGHTS || site == Site.RESID && layer == 0;
          }

          @Override
          public void accept(Site site, int layer, int pos, float[] values) {
            String base64 = StepData.base64(values);
            if (site == Site.WEIGHTS) {
              weights[pos - first][layer] = base64;
            } else {
              embeddings[pos - first] = base64;
            }
          }
        });
    return IntStream.range(0, weights.length)
        .mapToObj(row -> json(new Weights(first + row, embeddings[row], weights[row])))
        .toList();
  }
}
