package gpt.cli;

import com.google.gson.JsonObject;
import gpt.generate.Generation;
import gpt.generate.Timings;
import gpt.model.Backend;
import java.io.IOException;
import java.util.OptionalDouble;

/** One object a sample and line, when the sample has ended. */
final class JsonPrinter implements SamplePrinter {
  private final Backend backend;
  private final long seed;
  private final double loadSeconds;

  JsonPrinter(Backend backend, long seed, double loadSeconds) {
    this.backend = backend;
    this.seed = seed;
    this.loadSeconds = loadSeconds;
  }

  @Override
  public void begin() {}

  @Override
  public void token(int id, String text) {}

  @Override
  public void ended(Generation generation) throws IOException {
    JsonObject line = new JsonObject();
    line.add("prompt_ids", Json.tree(generation.promptIds()));
    line.add("ids", Json.tree(generation.ids()));
    line.addProperty("text", generation.text());
    line.addProperty("stop_reason", generation.stopReason().key());
    line.addProperty("seed", seed);
    line.addProperty("sample", generation.sample());
    line.addProperty("device", backend.device());
    line.addProperty("dtype", backend.dtype());
    line.add("timings", timings(generation.timings()));
    StandardOutput.write(Json.line(line));
  }

  private JsonObject timings(Timings timings) {
    JsonObject object = new JsonObject();
    object.addProperty("load_s", loadSeconds);
    object.addProperty("time_to_first_token_s", timings.timeToFirstTokenSeconds());
    object.addProperty("prefill_tokens_per_s", orNull(timings.prefillTokensPerSecond()));
    object.addProperty("decode_tokens_per_s", orNull(timings.decodeTokensPerSecond()));
    return object;
  }

  /** JSON's null where nothing was measured: the prompt's prefill is shared by all samples. */
  private static Double orNull(OptionalDouble value) {
    return value.isPresent() ? value.getAsDouble() : null;
  }
}
