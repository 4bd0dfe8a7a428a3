package gpt.server.http;

import gpt.GptException;
import gpt.server.api.ApiException;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Finds the endpoint of a request, checks who asks, and answers with an error in OpenAI's form
 * where something is wrong. Counts and logs every request.
 */
final class Router implements Handler {
  private static final String OTHER = "other";

  private final ServerSettings settings;
  private final Admission admission;
  private final Deadlines deadlines;
  private final Connections connections;
  private final ServerMetrics metrics;
  private final RequestLog log;
  private final Origins origins;
  private final Map<String, Map<String, Consumer<Exchange>>> paths = new TreeMap<>();
  private final Set<String> open; // paths that need no key

  Router(
      ServerSettings settings,
      Admission admission,
      Deadlines deadlines,
      Connections connections,
      ServerMetrics metrics,
      RequestLog log,
      Set<String> open) {
    this.settings = settings;
    this.admission = admission;
    this.deadlines = deadlines;
    this.connections = connections;
    this.metrics = metrics;
    this.log = log;
    this.open = open;
    origins = new Origins(settings.corsOrigin(), settings.key().isPresent());
  }

  /** Adds an endpoint: what answers the requests of a path and method, or refuses them. */
  void add(String method, String path, Consumer<Exchange> endpoint) {
    paths.computeIfAbsent(path, p -> new TreeMap<>()).put(method, endpoint);
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    Exchange exchange = new Exchange(request, response, deadlines, settings);
    try {
      answer(exchange);
    } finally {
      metrics.ended(paths.containsKey(exchange.path()) ? exchange.path() : OTHER, exchange);
      log.write(exchange);
    }
    boolean longTime = exchange.nanos() > settings.idle().toNanos() * (ApiServer.MAX_IDLE - 2);
    if (exchange.isClosing() || admission.isDraining() || longTime) {
      exchange.discardBody();
      exchange.watch().ifPresent(ClientWatch::disconnect);
      throw new CloseConnectionException("closed after the response");
    }
    exchange.watch().orElseGet(() -> connections.watch(() -> {})).awaitNext(settings.idle());
  }

  private void answer(Exchange exchange) {
    try {
      if (admission.isDraining()) {
        exchange.closing();
      }
      endpoint(exchange).accept(exchange);
    } catch (ApiException e) {
      refuse(exchange, e);
    } catch (CloseConnectionException e) {
      exchange.status(exchange.status() == 0 ? Exchange.CLIENT_GONE : exchange.status());
      throw e;
    } catch (RuntimeException e) {
      if (exchange.status() != 0) { // the response has begun: the client does not take it
        exchange.status(Exchange.CLIENT_GONE);
        throw new CloseConnectionException("the response could not be sent", e);
      }
      refuse(exchange, failed(e));
    }
  }

  private Consumer<Exchange> endpoint(Exchange exchange) {
    origins.check(exchange);
    Map<String, Consumer<Exchange>> methods = paths.get(exchange.path());
    if (exchange.method().equals("OPTIONS") && settings.corsOrigin().isPresent()) {
      return origins::preflight;
    }
    boolean free = settings.key().isEmpty() || open.contains(exchange.path());
    if (!free && !settings.key().get().matches(exchange.header(HeaderNames.AUTHORIZATION))) {
      exchange.responseHeader(HeaderNames.WWW_AUTHENTICATE, "Bearer");
      throw ApiException.refused(
          401,
          "invalid_api_key",
          "the API key is missing or wrong: send Authorization: Bearer KEY");
    }
    if (methods == null) {
      throw InfoEndpoints.unknown(exchange);
    }
    Consumer<Exchange> endpoint = methods.get(exchange.method());
    if (endpoint == null) {
      String allowed = String.join(", ", methods.keySet());
      exchange.responseHeader(HeaderNames.ALLOW, allowed);
      throw ApiException.refused(
          405,
          "method_not_allowed",
          exchange.path() + " takes " + allowed + ", found " + exchange.method());
    }
    return endpoint;
  }

  private void refuse(Exchange exchange, ApiException e) {
    if (admission.isDraining()) { // since a moment ago
      exchange.closing();
    }
    if (e.status() == 429 || e.status() == 503) {
      exchange.responseHeader(HeaderNames.RETRY_AFTER, "1");
    }
    exchange.json(e.status(), e.json());
  }

  /** The error for a failure of the server. */
  static ApiException failed(RuntimeException e) {
    if (!(e instanceof GptException)) {
      System.getLogger("gpt").log(System.Logger.Level.ERROR, "internal error", e);
    }
    String why = e instanceof GptException ? e.getMessage() : "internal error";
    return new ApiException(500, "server_error", null, null, why);
  }
}
