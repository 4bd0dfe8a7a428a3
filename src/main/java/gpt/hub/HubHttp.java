package gpt.hub;

import gpt.GptException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLHandshakeException;

/**
 * HTTP requests to the hub and to the servers it redirects to. The access token is sent only to the
 * hub's own host, scheme and port, and no longer once a request was redirected elsewhere.
 */
final class HubHttp implements Closeable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(15);
  private static final int MAX_REDIRECTS = 6;

  private final HubSettings settings;
  private final Tuning tuning;
  private final HttpClient client;
  private final Watchdog watchdog;
  private volatile boolean reached;

  HubHttp(HubSettings settings, Tuning tuning) {
    // By default Java sends no password to a tunnelling proxy, and HTTPS always tunnels.
    if (System.getProperty("jdk.http.auth.tunneling.disabledSchemes") == null) {
      System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
    }
    this.settings = settings;
    this.tuning = tuning;
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1) // parallel ranges need a connection each
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT_TIMEOUT)
            .proxy(settings.proxies())
            .build();
    watchdog = new Watchdog(tuning);
  }

  /**
   * A response with an unread body.
   *
   * @param hub the headers of the hub's last response, which describe a file even if another server
   *     delivers its bytes
   */
  record Answer(URI from, int status, HttpHeaders headers, HttpHeaders hub, InputStream body)
      implements Closeable {
    Optional<String> header(String name) {
      return headers.firstValue(name);
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  /** A URL on the hub; {@code path} begins with a slash and is escaped. */
  URI hub(String path) {
    return URI.create(settings.endpoint() + path);
  }

  String host() {
    return settings.endpoint().getAuthority();
  }

  /** Requests a file's headers; follows redirects only within the hub. */
  Answer head(URI uri) throws TransientException {
    return send("HEAD", uri, null, false);
  }

  /** Requests a whole body. */
  Answer get(URI uri) throws TransientException {
    return send("GET", uri, null, true);
  }

  /** Requests the bytes from {@code from} inclusive to {@code end} exclusive. */
  Answer get(URI uri, long from, long end) throws TransientException {
    return send("GET", uri, "bytes=" + from + "-" + (end - 1), true);
  }

  private Answer send(String method, URI first, String range, boolean leaveHub)
      throws TransientException {
    URI uri = first;
    boolean away = false;
    HttpHeaders hub = null;
    for (int hop = 0; hop < MAX_REDIRECTS; hop++) {
      away |= !isHub(uri);
      HttpResponse<InputStream> response = once(method, uri, range, !away);
      hub = away ? hub : withEtag(hub, response.headers());
      Optional<String> location = response.headers().firstValue("Location");
      boolean redirect = response.statusCode() / 100 == 3 && location.isPresent();
      URI next = redirect ? next(uri, location.get()) : null;
      if (!redirect || !leaveHub && !isHub(next)) {
        return new Answer(
            uri, response.statusCode(), response.headers(), hub, watchdog.watch(response.body()));
      }
      close(response.body());
      uri = next;
    }
    throw new GptException(host() + ": more than " + MAX_REDIRECTS + " redirects");
  }

  /** The hub's last headers, unless only earlier ones have the file's ETag. */
  private static HttpHeaders withEtag(HttpHeaders before, HttpHeaders last) {
    return before != null && last.firstValue("ETag").isEmpty() ? before : last;
  }

  private HttpResponse<InputStream> once(String method, URI uri, String range, boolean token)
      throws TransientException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .timeout(tuning.silence())
            .header("User-Agent", "gpt.jar")
            .header("Accept-Encoding", "identity");
    if (range != null) {
      request.header("Range", range);
    }
    if (token) {
      settings.token().ifPresent(t -> request.header("Authorization", "Bearer " + t));
    }
    settings.proxies().authorization(uri).ifPresent(a -> request.header("Proxy-Authorization", a));
    try {
      HttpResponse<InputStream> response =
          client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
      reached = true;
      return response;
    } catch (SSLHandshakeException e) {
      throw new GptException(uri.getAuthority() + ": TLS handshake failed: " + Text.reason(e), e);
    } catch (ConnectException | HttpConnectTimeoutException e) {
      String message =
          uri.getAuthority()
              + ": cannot connect"
              + (e.getMessage() == null ? "" : ": " + Text.reason(e))
              + "; check the network, HTTPS_PROXY and HF_ENDPOINT";
      if (!reached) {
        throw new GptException(message, e); // most likely there is no network
      }
      throw new TransientException(message, e, null, false);
    } catch (IOException e) {
      throw new TransientException(uri.getAuthority() + ": " + Text.reason(e), e, null, false);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TransientException("interrupted", e, null, false);
    }
  }

  private boolean isHub(URI uri) {
    URI hub = settings.endpoint();
    return hub.getScheme().equalsIgnoreCase(uri.getScheme())
        && hub.getHost().equalsIgnoreCase(uri.getHost())
        && port(hub) == port(uri);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0
        ? uri.getPort()
        : "https".equalsIgnoreCase(uri.getScheme()) ? 443 : 80;
  }

  /** The target of a redirect; never from HTTPS to plain HTTP. */
  static URI next(URI from, String location) {
    URI to;
    try {
      to = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new GptException(
          from.getAuthority() + ": redirects to an invalid URL: '" + Text.line(location) + "'", e);
    }
    boolean safe = "https".equalsIgnoreCase(to.getScheme());
    boolean plain =
        "http".equalsIgnoreCase(to.getScheme()) && "http".equalsIgnoreCase(from.getScheme());
    if (to.getHost() == null || !safe && !plain) {
      throw new GptException(
          from.getAuthority() + ": redirects to an insecure URL: '" + Text.line(location) + "'");
    }
    return to;
  }

  private static void close(InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      // The body is not needed.
    }
  }

  @Override
  public void close() {
    watchdog.close();
    client.shutdownNow();
  }
}
