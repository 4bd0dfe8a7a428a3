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
 * Requests to the hub and to where it sends them on. The token goes to the hub's own address,
 * scheme and port only, and to nobody once a request has left it.
 */
final class HubHttp implements Closeable {
  private static final Duration CONNECT = Duration.ofSeconds(15);
  private static final int MOST_REDIRECTS = 6;

  private final HubSettings settings;
  private final Tuning tuning;
  private final HttpClient client;
  private final Watchdog watchdog;
  private volatile boolean reached;

  HubHttp(HubSettings settings, Tuning tuning) {
    // Java else sends no password to a proxy that tunnels, as every one does for https.
    if (System.getProperty("jdk.http.auth.tunneling.disabledSchemes") == null) {
      System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
    }
    this.settings = settings;
    this.tuning = tuning;
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1) // ranges at once need connections of their own
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(CONNECT)
            .proxy(settings.proxies())
            .build();
    watchdog = new Watchdog(tuning);
  }

  /**
   * An answer, its body unread.
   *
   * @param hub the headers of the hub's last answer, which describe a file also where its bytes
   *     come from elsewhere
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

  /** The address of something on the hub; {@code path} begins with a slash and is escaped. */
  URI hub(String path) {
    return URI.create(settings.endpoint() + path);
  }

  String host() {
    return settings.endpoint().getAuthority();
  }

  /** The first lines about a file: follows the hub's redirects within itself only. */
  Answer head(URI uri) throws PassingException {
    return send("HEAD", uri, null, false);
  }

  /** A whole body. */
  Answer get(URI uri) throws PassingException {
    return send("GET", uri, null, true);
  }

  /** Bytes {@code from} to before {@code end}. */
  Answer get(URI uri, long from, long end) throws PassingException {
    return send("GET", uri, "bytes=" + from + "-" + (end - 1), true);
  }

  private Answer send(String method, URI first, String range, boolean leave)
      throws PassingException {
    URI uri = first;
    boolean away = false;
    HttpHeaders hub = null;
    for (int hop = 0; hop < MOST_REDIRECTS; hop++) {
      away |= !isHub(uri);
      HttpResponse<InputStream> response = once(method, uri, range, !away);
      hub = away ? hub : described(hub, response.headers());
      Optional<String> location = response.headers().firstValue("Location");
      boolean redirect = response.statusCode() / 100 == 3 && location.isPresent();
      URI next = redirect ? next(uri, location.get()) : null;
      if (!redirect || !leave && !isHub(next)) {
        return new Answer(
            uri, response.statusCode(), response.headers(), hub, watchdog.watch(response.body()));
      }
      close(response.body());
      uri = next;
    }
    throw new GptException(host() + ": sends from one address to the next without an end");
  }

  /** The hub's last headers, unless only the ones before say what a file is. */
  private static HttpHeaders described(HttpHeaders before, HttpHeaders last) {
    return before != null && last.firstValue("ETag").isEmpty() ? before : last;
  }

  private HttpResponse<InputStream> once(String method, URI uri, String range, boolean token)
      throws PassingException {
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
      throw new GptException(uri.getAuthority() + ": no safe connection: " + Text.reason(e), e);
    } catch (ConnectException | HttpConnectTimeoutException e) {
      String message =
          uri.getAuthority()
              + ": cannot be reached"
              + (e.getMessage() == null ? "" : ": " + Text.reason(e))
              + "; HF_ENDPOINT names another hub, HTTPS_PROXY a proxy";
      if (!reached) {
        throw new GptException(message, e); // no network, most likely
      }
      throw new PassingException(message, e, null, false);
    } catch (IOException e) {
      throw new PassingException(uri.getAuthority() + ": " + Text.reason(e), e, null, false);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new PassingException("interrupted", e, null, false);
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

  /** Where a redirect leads: never from an encrypted connection to a plain one. */
  static URI next(URI from, String location) {
    URI to;
    try {
      to = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new GptException(
          from.getAuthority() + ": sends on to no address: '" + Text.line(location) + "'", e);
    }
    boolean safe = "https".equalsIgnoreCase(to.getScheme());
    boolean plain =
        "http".equalsIgnoreCase(to.getScheme()) && "http".equalsIgnoreCase(from.getScheme());
    if (to.getHost() == null || !safe && !plain) {
      throw new GptException(
          from.getAuthority() + ": sends on to an unsafe address: '" + Text.line(location) + "'");
    }
    return to;
  }

  private static void close(InputStream in) {
    try {
      in.close();
    } catch (IOException e) {
      // Nothing more is wanted of it.
    }
  }

  @Override
  public void close() {
    watchdog.close();
    client.shutdownNow();
  }
}
