package gpt.server.explore;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.sampling.Logprobs;
import java.util.Arrays;
import java.util.List;

/** How well the model predicts each token of a text. */
final class LossAnswer {
  /** Tokens per step, which bounds the memory for logits and the delay of other requests. */
  private static final int CHUNK = 32;

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
    double sum = 0;
    float[][] logits = new float[CHUNK][];
    try (Sequence sequence = engine.open()) {
      for (int from = 0; from < ids.length - 1; from += CHUNK) {
        int start = from;
        int to = Math.min(ids.length - 1, from + CHUNK);
        Want want =
            new Want.Logits(
                to - from, (pos, row) -> logits[pos - start] = Arrays.copyOf(row, vocabSize));
        engine.step(List.of(new Work(sequence, Arrays.copyOfRange(ids, from, to), want)));
        // Computed on this thread, so that the engine's thread continues other requests.
        for (int pos = from; pos < to; pos++) {
          JsonObject token = token(logits[pos - from], ids[pos + 1], vocabSize);
          sum += token.get("loss").getAsDouble();
          tokens.add(token);
        }
      }
    }
    JsonObject json = new JsonObject();
    json.add("ids", Explorer.array(ids));
    json.add("tokens", tokens);
    json.addProperty("loss", sum / (ids.length - 1));
    json.addProperty("perplexity", Math.exp(sum / (ids.length - 1)));
    return json;
  }

  private static JsonObject token(float[] logits, int id, int vocabSize) {
    Logprobs found = Logprobs.of(logits, vocabSize, id, Math.min(TOP, vocabSize));
    int rank = 1;
    for (int other = 0; other < vocabSize; other++) {
      if (logits[other] > logits[id] || logits[other] == logits[id] && other < id) {
        rank++;
      }
    }
    JsonObject json = new JsonObject();
    json.addProperty("loss", Math.min(-found.chosen(), Double.MAX_VALUE)); // JSON has no infinity
    json.addProperty("rank", rank);
    json.add("ids", Explorer.array(found.ids()));
    json.add(
        "probabilities", Explorer.array(Arrays.stream(found.values()).map(Math::exp).toArray()));
    return json;
  }
}
