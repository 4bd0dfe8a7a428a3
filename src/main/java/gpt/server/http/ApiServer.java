package gpt.server.http;

import com.google.gson.JsonObject;
import gpt.GptException;
import gpt.server.api.ChatParser;
import gpt.server.api.CompletionParser;
import gpt.server.api.Generation;
import gpt.server.api.ResponseWriter;
import gpt.server.api.ServedModel;
import gpt.server.explore.Explorer;
import io.helidon.common.socket.SocketOptions;
import io.helidon.http.DirectHandler;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http1.Http1Config;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Serves a model over HTTP. */
public final class ApiServer implements AutoCloseable {
  /** Held here: the logging framework keeps it weakly. */
  private static final Logger HELIDON = Logger.getLogger("io.helidon");

  /**
   * The web server's own limit for a silent connection, in times the setting. It counts from the
   * last request's begin and ends the connection after the current one, so that it must not pass
   * while a request is handled; {@link Router} closes idle connections earlier.
   */
  static final int MAX_IDLE = 10;

  private static final int SEND_BUFFER = 128 << 10;

  private final ServerSettings settings;
  private final Admission admission;
  private final Deadlines deadlines = new Deadlines();
  private final Connections connections;
  private final WebServer server;

  /**
   * Opens a server, which answers from then on. The caller closes the model and the metrics.
   *
   * @param model the model
   * @param log receives a line for each request
   * @throws GptException if it cannot listen there
   */
  public ApiServer(
      ServedModel model, ServerSettings settings, ServerMetrics metrics, Consumer<String> log) {
    this.settings = settings;
    checkAddress(settings);
    HELIDON.setLevel(Level.OFF); // what it would say, an exception or an answer says
    admission = new Admission(settings.capacity());
    connections = new Connections(deadlines, settings.receive());
    Router router = router(model, metrics, new RequestLog(log));
    server =
        WebServer.builder()
            .host(settings.host())
            .port(settings.port())
            .shutdownHook(false)
            .featuresDiscoverServices(false)
            .protocolsDiscoverServices(false)
            .addProtocol(
                Http1Config.builder()
                    .maxHeadersSize(ServerSettings.MAX_HEADERS)
                    .maxPrologueLength(ServerSettings.MAX_HEADERS)
                    .addReceiveListener(connections)
                    .build())
            .connectionOptions(
                SocketOptions.builder()
                    .tcpNoDelay(true)
                    .socketSendBufferSize(SEND_BUFFER) // what a client that does not read may hold
                    .build())
            .maxTcpConnections(settings.maxConnections())
            .maxPayloadSize(settings.maxBody())
            .idleConnectionTimeout(settings.idle().multipliedBy(MAX_IDLE))
            .idleConnectionPeriod(Duration.ofSeconds(5))
            .directHandlers(errors(settings.maxBody()))
            .routing(routing -> routing.any(router))
            .build();
    server.start();
  }

  /** The web server would wait forever where it cannot listen. */
  private static void checkAddress(ServerSettings settings) {
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(settings.host(), settings.port()));
    } catch (IOException e) {
      throw new GptException(
          "cannot listen on %s:%s: %s; --port chooses another port"
              .formatted(settings.host(), settings.port(), e.getMessage()),
          e);
    }
  }

  private static DirectHandlers errors(int maxBody) {
    DirectHandlers.Builder builder = DirectHandlers.builder();
    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
      builder.addHandler(type, new ErrorPages(maxBody));
    }
    return builder.build();
  }

  private Router router(ServedModel model, ServerMetrics metrics, RequestLog log) {
    InfoEndpoints info = new InfoEndpoints(model, admission, metrics);
    Router router =
        new Router(
            settings, admission, deadlines, connections, metrics, log, Set.of("/", "/health"));
    router.add("GET", "/", info::page);
    router.add("GET", "/health", info::health);
    router.add("GET", "/metrics", info::metrics);
    router.add("GET", "/v1/models", info::models);
    router.add("GET", "/v1/models/" + model.name(), info::model);
    router.add("POST", "/tokenize", info::tokenize);
    router.add("POST", "/detokenize", info::detokenize);
    Explorer explorer = new Explorer(model);
    router.add("GET", "/explore/model", exchange -> exchange.json(200, explorer.model()));
    Map<String, Function<byte[], JsonObject>> explore =
        Map.of(
            "step", explorer::step,
            "lens", explorer::lens,
            "attention", explorer::attention,
            "beams", explorer::beams,
            "loss", explorer::loss);
    explore.forEach(
        (name, answer) ->
            router.add("POST", "/explore/" + name, exchange -> explore(answer, exchange)));
    router.add(
        "POST",
        "/v1/completions",
        new GenerationEndpoint(
                admission,
                connections,
                metrics,
                body -> new Generation(model, CompletionParser.parse(body, settings.limits())),
                work -> ResponseWriter.completion(model, work.request()))
            ::answer);
    router.add(
        "POST",
        "/v1/chat/completions",
        new GenerationEndpoint(
                admission,
                connections,
                metrics,
                body -> Generation.of(model, ChatParser.parse(body, settings.limits())),
                work -> ResponseWriter.chat(model, work.request()))
            ::answer);
    return router;
  }

  /** Answers a request of the page, which takes a completion's place while it runs. */
  private void explore(Function<byte[], JsonObject> answer, Exchange exchange) {
    byte[] body = exchange.body();
    try (Admission.Place _ = admission.enter(1)) {
      exchange.json(200, answer.apply(body));
    }
  }

  /** The port that it listens on. */
  public int port() {
    return server.port();
  }

  /**
   * Refuses new requests and lets running ones end, then closes the server.
   *
   * @return whether all have ended in the time that the settings allow
   */
  public boolean drain() throws InterruptedException {
    boolean done = admission.drain(settings.drain());
    close();
    return done;
  }

  /** Closes the server and its connections. */
  @Override
  public void close() {
    connections.close();
    server.stop();
    deadlines.close();
  }
}
