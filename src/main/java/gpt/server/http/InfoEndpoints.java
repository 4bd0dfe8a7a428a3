package gpt.server.http;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gpt.explore.plot.LivePage;
import gpt.server.api.ApiException;
import gpt.server.api.Json;
import gpt.server.api.ServedModel;
import gpt.server.api.TokenizeBody;
import java.nio.charset.StandardCharsets;

/** The endpoints that generate nothing. */
final class InfoEndpoints {
  private static final byte[] PAGE = LivePage.html().getBytes(StandardCharsets.UTF_8);

  /** The page loads nothing and calls this server only. */
  private static final String POLICY =
      "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
          + " connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

  private final ServedModel model;
  private final Admission admission;
  private final ServerMetrics metrics;

  InfoEndpoints(ServedModel model, Admission admission, ServerMetrics metrics) {
    this.model = model;
    this.admission = admission;
    this.metrics = metrics;
  }

  /** {@code GET /v1/models}. */
  void models(Exchange exchange) {
    JsonArray data = new JsonArray();
    data.add(model());
    JsonObject list = new JsonObject();
    list.addProperty("object", "list");
    list.add("data", data);
    exchange.json(200, list);
  }

  /** {@code GET /v1/models/NAME}. */
  void model(Exchange exchange) {
    exchange.json(200, model());
  }

  private JsonObject model() {
    JsonObject object = new JsonObject();
    object.addProperty("id", model.name());
    object.addProperty("object", "model");
    object.addProperty("created", model.created());
    object.addProperty("owned_by", "gpt");
    object.addProperty("max_model_len", model.config().blockSize());
    object.addProperty("vocab_size", model.config().vocabSize());
    object.addProperty("device", model.device());
    object.addProperty("dtype", model.dtype());
    return object;
  }

  /** {@code GET /health}: 200, or 503 while the server is stopping. */
  void health(Exchange exchange) {
    if (admission.isDraining()) {
      throw Admission.stopping();
    }
    JsonObject object = new JsonObject();
    object.addProperty("status", "ok");
    exchange.json(200, object);
  }

  /** {@code GET /metrics}. */
  void metrics(Exchange exchange) {
    exchange.send(
        200,
        "text/plain; version=0.0.4; charset=utf-8",
        metrics.text().getBytes(StandardCharsets.UTF_8));
  }

  /** {@code POST /tokenize}. */
  void tokenize(Exchange exchange) {
    TokenizeBody body = TokenizeBody.tokenize(exchange.body());
    model.checkName(body.model());
    int[] ids = model.encode(body.prompt(), "prompt");
    JsonObject object = new JsonObject();
    object.addProperty("count", ids.length);
    object.addProperty("max_model_len", model.config().blockSize());
    object.add("tokens", Json.tree(ids));
    exchange.json(200, object);
  }

  /** {@code POST /detokenize}. */
  void detokenize(Exchange exchange) {
    TokenizeBody body = TokenizeBody.detokenize(exchange.body());
    model.checkName(body.model());
    JsonObject object = new JsonObject();
    object.addProperty("prompt", model.decode(body.tokens(), "tokens"));
    exchange.json(200, object);
  }

  /** {@code GET /}: the page. */
  void page(Exchange exchange) {
    exchange.responseHeader("Content-Security-Policy", POLICY);
    exchange.responseHeader("Referrer-Policy", "no-referrer");
    exchange.send(200, "text/html; charset=utf-8", PAGE);
  }

  /** Any other path. */
  static ApiException unknown(Exchange exchange) {
    return ApiException.refused(
        404, "unknown_url", "unknown request: " + exchange.method() + " " + exchange.path());
  }
}
