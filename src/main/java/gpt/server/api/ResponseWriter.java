package gpt.server.api;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Writes the response of one request: whole, or as the events of a stream. */
public final class ResponseWriter {
  private final ServedModel model;
  private final ApiRequest request;
  private final ResponseForm form;
  private final String id;
  private final long created;

  private ResponseWriter(ServedModel model, ApiRequest request, ResponseForm form) {
    this(
        model,
        request,
        form,
        UUID.randomUUID().toString().replace("-", ""),
        System.currentTimeMillis() / 1000);
  }

  private ResponseWriter(
      ServedModel model, ApiRequest request, ResponseForm form, String id, long created) {
    this.model = model;
    this.request = request;
    this.form = form;
    this.id = form.idPrefix() + id;
    this.created = created;
  }

  /** In the form of {@code /v1/completions}. */
  public static ResponseWriter completion(ServedModel model, ApiRequest request) {
    return new ResponseWriter(model, request, new CompletionForm(model, request.logprobs()));
  }

  /**
   * In the form of {@code /v1/completions}, without a time: the same request has the same bytes.
   *
   * @param id what follows the prefix of the response's id
   */
  public static ResponseWriter reproducible(ServedModel model, ApiRequest request, String id) {
    return new ResponseWriter(model, request, new CompletionForm(model, request.logprobs()), id, 0);
  }

  /** In the form of {@code /v1/chat/completions}. */
  public static ResponseWriter chat(ServedModel model, ApiRequest request) {
    return new ResponseWriter(model, request, new ChatForm(model, request.logprobs()));
  }

  /** The whole response. */
  public JsonObject whole(List<Delta> choices, Usage usage) {
    JsonArray array = new JsonArray();
    choices.forEach(each -> array.add(form.choice(each, false)));
    JsonObject json = json(false, array);
    json.add("usage", usage.json());
    return json;
  }

  /** The events that begin a stream. */
  public List<JsonObject> opening() {
    List<JsonObject> events = new ArrayList<>();
    for (int i = 0; i < request.completions(); i++) {
      form.opening(i).ifPresent(choice -> events.add(event(choice)));
    }
    return events;
  }

  /** The event with what is new of a choice. */
  public JsonObject event(Delta delta) {
    return event(form.choice(delta, true));
  }

  private JsonObject event(JsonObject choice) {
    JsonArray choices = new JsonArray();
    choices.add(choice);
    JsonObject json = json(true, choices);
    if (request.usage()) {
      json.add("usage", JsonNull.INSTANCE);
    }
    return json;
  }

  /** The event with the usage, which has no choice. */
  public JsonObject event(Usage usage) {
    JsonObject json = json(true, new JsonArray());
    json.add("usage", usage.json());
    return json;
  }

  private JsonObject json(boolean chunk, JsonArray choices) {
    JsonObject json = new JsonObject();
    json.addProperty("id", id);
    json.addProperty("object", form.object(chunk));
    json.addProperty("created", created);
    json.addProperty("model", model.name());
    json.addProperty("system_fingerprint", model.fingerprint());
    json.addProperty("seed", request.sampling().seed());
    json.add("choices", choices);
    return json;
  }
}
