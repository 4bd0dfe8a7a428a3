package gpt.explore.plot;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.engine.Engine;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.explore.Activations;
import gpt.explore.Lens;
import java.util.ArrayList;
import java.util.List;

/** What happens inside the model at positions of a text, as the page's script reads it. */
public final class LayersData {
  /** Tokens listed for each layer. */
  private static final int TOP = 5;

  private LayersData() {}

  /**
   * The logit lens and the norms of what each block adds, of each position from {@code first} on.
   *
   * @throws gpt.GptException as {@link Activations#read}
   */
  public static List<JsonObject> lens(Engine engine, int[] ids, int first) {
    Lens lens = Lens.of(engine, ids, first, TOP);
    List<JsonObject> positions = new ArrayList<>();
    for (int row = 0; row < lens.rows(); row++) {
      JsonArray layers = new JsonArray();
      for (Lens.Layer layer : lens.layers()) {
        layers.add(layer(layer, row));
      }
      JsonObject json = new JsonObject();
      json.addProperty("position", first + row);
      json.add("layers", layers);
      positions.add(json);
    }
    return positions;
  }

  private static JsonObject layer(Lens.Layer layer, int row) {
    Lens.Prediction prediction = layer.predictions().get(row);
    JsonArray ids = new JsonArray();
    JsonArray probabilities = new JsonArray();
    for (int i = 0; i < prediction.ids().length; i++) {
      ids.add(prediction.ids()[i]);
      probabilities.add(prediction.probabilities()[i]);
    }
    JsonObject json = new JsonObject();
    json.add("ids", ids);
    json.add("probabilities", probabilities);
    json.addProperty("final_probability", prediction.finalProbability());
    json.addProperty("norm", layer.stream()[row]);
    if (layer.attn().length > 0) {
      json.addProperty("attention_norm", layer.attn()[row]);
      json.addProperty("mlp_norm", layer.mlp()[row]);
    }
    return json;
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
    List<JsonObject> positions = new ArrayList<>();
    for (int row = 0; row < weights.length; row++) {
      JsonArray array = new JsonArray();
      for (String layer : weights[row]) {
        array.add(layer);
      }
      JsonObject json = new JsonObject();
      json.addProperty("position", first + row);
      json.addProperty("embedding", embeddings[row]);
      json.add("weights", array);
      positions.add(json);
    }
    return positions;
  }
}
