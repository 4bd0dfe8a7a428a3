package gpt.server.explore;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gpt.engine.Engine;
import gpt.sampling.Logprobs;
import gpt.server.api.Json;
import gpt.server.api.PromptScorer;
import java.util.Arrays;

/** How well the model predicts each token of a text. */
final class LossAnswer {
  /** Likeliest tokens listed beside each token. */
  private static final int TOP = 3;

  private LossAnswer() {}

  /**
   * Scores each token after the first.
   *
   * @param ids at least 2 ids (T)
   */
  static JsonObject of(Engine engine, int[] ids) {
    int vocabSize = engine.config().vocabSize();
    JsonArray tokens = new JsonArray();
    PromptScorer.read(
        engine, ids, (pos, logits) -> tokens.add(token(logits, ids[pos + 1], vocabSize)));
    double sum = 0;
    for (JsonElement token : tokens) {
      sum += token.getAsJsonObject().get("loss").getAsDouble();
    }
    JsonObject json = new JsonObject();
    json.add("ids", Json.tree(ids));
    json.add("tokens", tokens);
    json.addProperty("loss", sum / (ids.length - 1));
    json.addProperty("perplexity", Math.exp(sum / (ids.length - 1)));
    return json;
  }

  private static JsonObject token(float[] logits, int id, int vocabSize) {
    Logprobs found = Logprobs.of(logits, vocabSize, id, Math.min(TOP, vocabSize));
    JsonObject json = new JsonObject();
    json.addProperty("loss", Math.min(-found.chosen(), Double.MAX_VALUE)); // JSON has no infinity
    json.addProperty("rank", Logprobs.rank(logits, vocabSize, id));
    json.add("ids", Json.tree(found.ids()));
    json.add("probabilities", Json.tree(Arrays.stream(found.values()).map(Math::exp).toArray()));
    return json;
  }
}
