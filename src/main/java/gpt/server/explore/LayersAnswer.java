package gpt.server.explore;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.engine.Engine;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.explore.Activations;
import gpt.explore.Lens;
import gpt.explore.StepData;

/** What happens inside the model at the last token of a context. */
final class LayersAnswer {
  /** Tokens listed for each layer. */
  private static final int TOP = 5;

  private LayersAnswer() {}

  /** The logit lens, the norms of what each block adds, and the vector that enters the first. */
  static JsonObject lens(Engine engine, int[] ids) {
    int last = ids.length - 1;
    Lens lens = Lens.of(engine, ids, last, TOP);
    JsonArray layers = new JsonArray();
    for (Lens.Layer layer : lens.layers()) {
      Lens.Prediction prediction = layer.predictions().getFirst();
      JsonObject json = new JsonObject();
      json.add("ids", Explorer.array(prediction.ids()));
      json.add("probabilities", Explorer.array(prediction.probabilities()));
      json.addProperty("final_probability", prediction.finalProbability());
      json.addProperty("norm", layer.stream()[0]);
      if (layer.attn().length > 0) {
        json.addProperty("attention_norm", layer.attn()[0]);
        json.addProperty("mlp_norm", layer.mlp()[0]);
      }
      layers.add(json);
    }
    JsonObject json = new JsonObject();
    json.addProperty("position", last);
    json.add("layers", layers);
    return json;
  }

  /** The vector that enters the first block, and the attention weights of all heads. */
  static JsonObject attention(Engine engine, int[] ids) {
    int last = ids.length - 1;
    float[][] weights = new float[engine.config().nLayer()][];
    float[][] embedding = new float[1][];
    Activations.read(
        engine,
        ids,
        last,
        new Want.ProbeReader() {
          @Override
          public boolean wants(Site site, int layer) {
            return site == Site.WEIGHTS || site == Site.RESID && layer == 0;
          }

          @Override
          public void accept(Site site, int layer, int pos, float[] values) {
            if (site == Site.WEIGHTS) {
              weights[layer] = values;
            } else {
              embedding[0] = values;
            }
          }
        });
    JsonArray layers = new JsonArray();
    for (float[] layer : weights) {
      layers.add(StepData.base64(layer));
    }
    JsonObject json = new JsonObject();
    json.addProperty("position", last);
    json.addProperty("embedding", StepData.base64(embedding[0]));
    json.add("weights", layers);
    return json;
  }
}
