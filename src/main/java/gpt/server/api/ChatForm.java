package gpt.server.api;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.Optional;

/**
 * The form of {@code /v1/chat/completions}.
 *
 * @param model has the texts of tokens
 * @param logprobs likeliest tokens to list; −1 for no log-probabilities
 */
record ChatForm(ServedModel model, int logprobs) implements ResponseForm {
  @Override
  public String idPrefix() {
    return "chatcmpl-";
  }

  @Override
  public String object(boolean chunk) {
    return chunk ? "chat.completion.chunk" : "chat.completion";
  }

  @Override
  public JsonObject choice(Delta delta, boolean chunk) {
    JsonObject message = new JsonObject();
    if (!chunk) {
      message.addProperty("role", "assistant");
      message.add("refusal", JsonNull.INSTANCE);
    }
    if (!chunk || !delta.text().isEmpty()) {
      message.addProperty("content", delta.text());
    }
    JsonObject scores = logprobs < 0 ? null : logprobs(delta);
    return ResponseForm.choice(delta, chunk ? "delta" : "message", message, scores);
  }

  private JsonObject logprobs(Delta delta) {
    JsonArray content = new JsonArray();
    delta.logprobs().forEach(each -> content.add(token(each)));
    JsonObject object = new JsonObject();
    object.add("content", content);
    object.add("refusal", JsonNull.INSTANCE);
    return object;
  }

  @Override
  public Optional<JsonObject> opening(int index) {
    JsonObject message = new JsonObject();
    message.addProperty("role", "assistant");
    message.addProperty("content", "");
    JsonObject choice = new JsonObject();
    choice.addProperty("index", index);
    choice.add("delta", message);
    choice.add("logprobs", JsonNull.INSTANCE);
    choice.add("finish_reason", JsonNull.INSTANCE);
    return Optional.of(choice);
  }

  private JsonObject token(ScoredToken token) {
    JsonObject object = token(token.id(), token.logprobs().chosen());
    JsonArray top = new JsonArray();
    for (int i = 0; i < Math.min(logprobs, token.logprobs().ids().length); i++) {
      top.add(token(token.logprobs().ids()[i], token.logprobs().values()[i]));
    }
    object.add("top_logprobs", top);
    return object;
  }

  private JsonObject token(int id, double logprob) {
    JsonObject object = new JsonObject();
    object.addProperty("token", model.token(id));
    object.addProperty("logprob", ResponseForm.finite(logprob));
    JsonArray bytes = new JsonArray();
    for (byte each : model.bytes(id)) {
      bytes.add(each & 0xFF);
    }
    object.add("bytes", bytes);
    return object;
  }
}
