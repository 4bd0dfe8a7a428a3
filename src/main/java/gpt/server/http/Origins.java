package gpt.server.http;

import gpt.server.api.ApiException;
import io.helidon.http.HeaderNames;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Keeps web pages from using a server that runs on the reader's own machine. A browser sends a
 * page's origin with each request to another site: it is refused unless {@code --cors-origin}
 * allows it. A server without a key answers only to the names of the loopback address, so that no
 * other name can be made to point to it (DNS rebinding).
 *
 * @param allowed the origin whose pages may call, or {@code *}
 * @param anyHost whether the server answers to any name
 */
record Origins(Optional<String> allowed, boolean anyHost) {
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  /**
   * Checks a request's host and origin, and allows the origin's page to read the response.
   *
   * @throws ApiException status 403
   */
  void check(Exchange exchange) {
    String host = String.valueOf(exchange.header(HeaderNames.HOST));
    if (!anyHost
        && !LOOPBACK.contains(host.replaceFirst(":[0-9]*$", "").toLowerCase(Locale.ROOT))) {
      throw ApiException.refused(
          403,
          "forbidden",
          "this server answers to localhost and 127.0.0.1, not to '" + host + "'; set an API key");
    }
    String origin = exchange.header(HeaderNames.ORIGIN);
    if (origin == null || origin.equals("http://" + host) || origin.equals("https://" + host)) {
      return;
    }
    if (allowed.isEmpty() || !allowed.get().equals("*") && !allowed.get().equals(origin)) {
      throw ApiException.refused(
          403,
          "forbidden",
          "pages of '" + origin + "' may not use this server; --cors-origin allows them");
    }
    exchange.responseHeader(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, allowed.get());
    exchange.responseHeader(HeaderNames.VARY, "Origin");
  }

  /** Answers a browser's question whether a page may send a request. */
  void preflight(Exchange exchange) {
    exchange.responseHeader(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    exchange.responseHeader(
        HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type");
    exchange.responseHeader(HeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
    exchange.send(204);
  }
}
