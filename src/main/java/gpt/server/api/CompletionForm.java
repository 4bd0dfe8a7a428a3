package gpt.server.api;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import gpt.sampling.Logprobs;
import java.util.Optional;

/**
 * The form of {@code /v1/completions}.
 *
 * @param model has the texts of tokens
 * @param logprobs likeliest tokens to list; −1 for no log-probabilities
 */
record CompletionForm(ServedModel model, int logprobs) implements ResponseForm {
  @Override
  public String idPrefix() {
    return "cmpl-";
  }

  @Override
  public String object(boolean chunk) {
    return "text_completion";
  }

  @Override
  public JsonObject choice(Delta delta, boolean chunk) {
    return ResponseForm.choice(
        delta, "text", new JsonPrimitive(delta.text()), logprobs < 0 ? null : logprobs(delta));
  }

  @Override
  public Optional<JsonObject> opening(int index) {
    return Optional.empty();
  }

  private JsonObject logprobs(Delta delta) {
    JsonArray tokens = new JsonArray();
    JsonArray values = new JsonArray();
    JsonArray top = new JsonArray();
    JsonArray offsets = new JsonArray();
    for (ScoredToken each : delta.logprobs()) {
      tokens.add(model.token(each.id()));
      offsets.add(each.offset());
      if (each.logprobs() == null) {
        values.add(JsonNull.INSTANCE);
        top.add(JsonNull.INSTANCE);
      } else {
        values.add(ResponseForm.finite(each.logprobs().chosen()));
        top.add(top(each));
      }
    }
    JsonObject object = new JsonObject();
    object.add("tokens", tokens);
    object.add("token_logprobs", values);
    object.add("top_logprobs", logprobs == 0 ? JsonNull.INSTANCE : top);
    object.add("text_offset", offsets);
    return object;
  }

  /** The likeliest tokens, and the chosen one if it is none of them. */
  private JsonObject top(ScoredToken token) {
    Logprobs logprobs = token.logprobs();
    JsonObject top = new JsonObject();
    for (int i = 0; i < Math.min(this.logprobs, logprobs.ids().length); i++) {
      top.addProperty(model.token(logprobs.ids()[i]), ResponseForm.finite(logprobs.values()[i]));
    }
    String chosen = model.token(token.id());
    if (!top.has(chosen)) {
      top.addProperty(chosen, ResponseForm.finite(logprobs.chosen()));
    }
    return top;
  }
}
