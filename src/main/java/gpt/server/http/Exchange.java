package gpt.server.http;

import com.google.gson.JsonElement;
import gpt.server.api.ApiException;
import gpt.server.api.Generation;
import gpt.server.api.Json;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A request and its response. */
final class Exchange {
  /** The status that the log has for a request whose client went away, as nginx writes it. */
  static final int CLIENT_GONE = 499;

  private final ServerRequest request;
  private final ServerResponse response;
  private final Deadlines deadlines;
  private final ServerSettings settings;
  private final long begin = System.nanoTime();
  private Optional<Generation> work = Optional.empty();
  private Optional<ClientWatch> watch = Optional.empty();
  private int status;
  private boolean closing;
  private boolean bodyTaken;

  Exchange(
      ServerRequest request,
      ServerResponse response,
      Deadlines deadlines,
      ServerSettings settings) {
    this.request = request;
    this.response = response;
    this.deadlines = deadlines;
    this.settings = settings;
  }

  String method() {
    return request.prologue().method().text();
  }

  /** The path without the query. */
  String path() {
    return request.prologue().uriPath().rawPath();
  }

  /** A request's header; null if there is none. */
  String header(HeaderName name) {
    return request.headers().first(name).orElse(null);
  }

  /** Whether the connection is to be closed after the response. */
  boolean isClosing() {
    return closing || request.headers().containsToken(HeaderValues.CONNECTION_CLOSE);
  }

  /** Closes the connection after the response. */
  void closing() {
    closing = true;
  }

  private boolean hasBody() {
    return request.headers().contains(HeaderNames.TRANSFER_ENCODING)
        || request.headers().contentLength().orElse(0) > 0;
  }

  /** The response's status; 0 before the response. */
  int status() {
    return status;
  }

  /** Records a status that is not sent. */
  void status(int value) {
    status = value;
  }

  /** Time since the request's headers, in nanoseconds. */
  long nanos() {
    return System.nanoTime() - begin;
  }

  /** The completions of the request; empty if it has none. */
  Optional<Generation> work() {
    return work;
  }

  void work(Generation generation) {
    work = Optional.of(generation);
  }

  /** The watch over the client; empty if there is none. */
  Optional<ClientWatch> watch() {
    return watch;
  }

  void watch(ClientWatch started) {
    watch = Optional.of(started);
  }

  /** Thrown where a client has closed the connection or does not read what it is sent. */
  static final class ClientGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClientGoneException(Throwable cause) {
      super("the client has gone", cause);
    }
  }

  // The request's body.

  /**
   * Reads the body.
   *
   * @throws ApiException status 413 if it is larger than the settings allow, 408 if it takes too
   *     long; the connection must be closed then
   */
  byte[] body() {
    bodyTaken = true;
    Duration time = settings.receive();
    CompletableFuture<byte[]> body = new CompletableFuture<>();
    Thread.ofVirtual().name("gpt-body").start(() -> read(body, settings.maxBody()));
    try {
      return body.get(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      closing = true;
      throw ApiException.refused(
          408, "request_timeout", "the request has not arrived within " + time.toSeconds() + " s");
    } catch (ExecutionException e) {
      closing = true;
      throw e.getCause() instanceof ApiException refused
          ? refused
          : ApiException.refused(
              400, "malformed_request", "the request's body is malformed or ends too early");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CloseConnectionException("interrupted", e);
    }
  }

  private void read(CompletableFuture<byte[]> body, int max) {
    try {
      // Not closed: that would read the rest.
      byte[] bytes = request.content().inputStream().readNBytes(max + 1);
      if (bytes.length > max) {
        throw tooLarge(max);
      }
      body.complete(bytes);
    } catch (RequestException e) {
      body.completeExceptionally(e.status().code() == 413 ? tooLarge(max) : e);
    } catch (IOException | RuntimeException | Error e) { // also too little memory
      body.completeExceptionally(e);
    }
  }

  /** Reads and forgets a body that nobody has asked for; see {@link Connections#discard}. */
  void discardBody() {
    if (!bodyTaken && hasBody()) {
      Connections.discard(
          () -> request.content().inputStream().transferTo(OutputStream.nullOutputStream()));
    }
  }

  static ApiException tooLarge(int max) {
    return ApiException.refused(
        413, "request_too_large", "the request's body is larger than " + max + " bytes");
  }

  // The response.

  void responseHeader(HeaderName name, String value) {
    response.header(name, value);
  }

  void responseHeader(String name, String value) {
    response.header(name, value);
  }

  /** Sends a whole response. */
  void send(int code, String type, byte[] body) {
    status = code;
    response.status(code);
    response.header(HeaderNames.CONTENT_TYPE, type);
    response.header("X-Content-Type-Options", "nosniff");
    connectionHeader();
    try (Deadlines.Deadline _ = deadlines.start(settings.send())) {
      response.send(body);
    }
  }

  private void connectionHeader() {
    if (closing || hasBody() && !bodyTaken) {
      closing = true;
      response.header(HeaderValues.CONNECTION_CLOSE);
    }
  }

  /** Sends a status without a body. */
  void send(int code) {
    status = code;
    response.status(code);
    connectionHeader();
    response.send();
  }

  void json(int code, JsonElement body) {
    send(code, "application/json", bytes(Json.text(body) + "\n"));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Begins a stream of server-sent events. Helidon's own sink for them refuses requests that accept
   * JSON only, and OpenAI's clients send that header for streams too.
   */
  EventStream stream() {
    status = 200;
    connectionHeader();
    response.header(HeaderNames.CONTENT_TYPE, "text/event-stream");
    response.header(HeaderNames.CACHE_CONTROL, "no-cache");
    return new EventStream(response.outputStream());
  }

  /** A stream of server-sent events, sent one by one. */
  final class EventStream {
    private final OutputStream out;

    private EventStream(OutputStream out) {
      this.out = out;
    }

    void json(JsonElement data) {
      event(Json.text(data));
    }

    /** Ends the stream as OpenAI does. */
    void done() {
      event("[DONE]");
      close();
    }

    /** Ends the stream: with the last chunk, for which Helidon would wait for the handler's end. */
    void close() {
      try (Deadlines.Deadline _ = deadlines.start(settings.send())) {
        out.close();
        ((RoutingResponse) response).commit();
      } catch (IOException | RuntimeException e) { // the library has several
        throw new ClientGoneException(e);
      }
    }

    private void event(String data) {
      try (Deadlines.Deadline _ = deadlines.start(settings.send())) {
        out.write(bytes("data: " + data + "\n\n"));
        out.flush();
      } catch (IOException | RuntimeException e) {
        throw new ClientGoneException(e);
      }
    }
  }
}
