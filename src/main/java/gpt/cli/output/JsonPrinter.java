package gpt.cli.output;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.Timings;
import gpt.engine.Engine;
import gpt.generate.FinishedCompletion;
import gpt.sampling.Logprobs;
import java.io.IOException;
import java.util.OptionalDouble;

/** Prints each completion, when it has ended, as one JSON object on a line. */
public record JsonPrinter(Engine engine, long seed, double loadSeconds)
    implements CompletionPrinter {
  @Override
  public void begin() {}

  @Override
  public void token(int id, String text) {}

  @Override
  public void ended(FinishedCompletion completion) throws IOException {
    JsonObject line = new JsonObject();
    line.add("prompt_ids", Json.tree(completion.promptIds()));
    line.add("ids", Json.tree(completion.ids()));
    line.addProperty("text", completion.text());
    if (!completion.logprobs().isEmpty()) {
      line.add("logprobs", logprobs(completion));
    }
    line.addProperty("stop_reason", completion.stopReason().key());
    if (completion.score().isPresent()) {
      line.addProperty("score", completion.score().getAsDouble());
    }
    line.addProperty("seed", seed);
    line.addProperty("sample", completion.sample());
    line.addProperty("device", engine.device());
    line.addProperty("dtype", engine.dtype());
    line.add("timings", timings(completion.timings()));
    StandardOutput.write(Json.line(line));
  }

  /** For each new token its log-probability and the most likely tokens'; null stands for −∞. */
  private static JsonArray logprobs(FinishedCompletion completion) {
    JsonArray all = new JsonArray();
    for (int i = 0; i < completion.logprobs().size(); i++) {
      Logprobs each = completion.logprobs().get(i);
      JsonObject token = token(completion.ids()[i], each.chosen());
      JsonArray top = new JsonArray();
      for (int j = 0; j < each.ids().length; j++) {
        top.add(token(each.ids()[j], each.values()[j]));
      }
      token.add("top", top);
      all.add(token);
    }
    return all;
  }

  private static JsonObject token(int id, double logprob) {
    JsonObject token = new JsonObject();
    token.addProperty("id", id);
    token.addProperty("logprob", Double.isFinite(logprob) ? logprob : null);
    return token;
  }

  private JsonObject timings(Timings timings) {
    JsonObject object = new JsonObject();
    object.addProperty("load_s", loadSeconds);
    object.addProperty("time_to_first_token_s", timings.timeToFirstTokenSeconds());
    object.addProperty("prefill_tokens_per_s", orNull(timings.prefillTokensPerSecond()));
    object.addProperty("decode_tokens_per_s", orNull(timings.decodeTokensPerSecond()));
    return object;
  }

  /** The value, or null if nothing was measured. */
  private static Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }
}
