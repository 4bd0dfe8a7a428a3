package gpt.hub;

import gpt.GptException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The proxies of the environment variables that curl and Python read: {@code http_proxy}, {@code
 * https_proxy}, {@code all_proxy} and {@code no_proxy}, in lower or upper case. Without them,
 * Java's own settings apply.
 */
final class Proxies extends ProxySelector {
  private final Map<String, URI> byScheme;
  private final List<String> direct;

  private Proxies(Map<String, URI> byScheme, List<String> direct) {
    this.byScheme = byScheme;
    this.direct = direct;
  }

  /**
   * Reads the variables.
   *
   * @throws GptException if a variable is not the URL of an HTTP proxy
   */
  static Proxies of(Map<String, String> environment) {
    Map<String, URI> proxies = new HashMap<>();
    for (String scheme : List.of("http", "https")) {
      proxy(environment, scheme + "_proxy")
          .or(() -> proxy(environment, "all_proxy"))
          .ifPresent(p -> proxies.put(scheme, p));
    }
    List<String> direct =
        variable(environment, "no_proxy").stream()
            .flatMap(v -> Arrays.stream(v.split("[,\\s]+")))
            .map(h -> h.toLowerCase(Locale.ROOT))
            .filter(h -> !h.isEmpty())
            .toList();
    return new Proxies(proxies, direct);
  }

  private static Optional<String> variable(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name))
        .or(() -> Optional.ofNullable(environment.get(name.toUpperCase(Locale.ROOT))))
        .map(String::strip)
        .filter(v -> !v.isEmpty());
  }

  private static Optional<URI> proxy(Map<String, String> environment, String name) {
    return variable(environment, name).map(v -> address(name, v));
  }

  /** The value may contain a password, so no error shows it. */
  private static URI address(String name, String text) {
    try {
      URI uri = new URI(text.contains("://") ? text : "http://" + text);
      if ("http".equalsIgnoreCase(uri.getScheme()) && uri.getHost() != null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // Reported below.
    }
    throw new GptException(
        name.toUpperCase(Locale.ROOT)
            + ": expected an HTTP proxy, http://HOST:PORT or http://USER:PASSWORD@HOST:PORT");
  }

  private Optional<URI> of(URI target) {
    String host = String.valueOf(target.getHost()).toLowerCase(Locale.ROOT);
    int port =
        target.getPort() >= 0 ? target.getPort() : "https".equals(target.getScheme()) ? 443 : 80;
    return direct.stream().anyMatch(d -> covers(d, host, port))
        ? Optional.empty()
        : Optional.ofNullable(byScheme.get(target.getScheme()));
  }

  /** An entry of {@code no_proxy} is {@code *}, or a host, which also covers its subdomains. */
  private static boolean covers(String entry, String host, int port) {
    if (entry.equals("*")) {
      return true;
    }
    String name = entry;
    if (entry.matches("[^:]+:\\d{1,5}|\\[.+]:\\d{1,5}")) {
      int colon = entry.lastIndexOf(':');
      if (Integer.parseInt(entry.substring(colon + 1)) != port) {
        return false;
      }
      name = entry.substring(0, colon);
    }
    name = name.replaceFirst("^\\*?\\.", "");
    return host.equals(name) || host.endsWith("." + name) || host.equals("[" + name + "]");
  }

  /** The value of {@code Proxy-Authorization} for a target, if its proxy's URL has a user. */
  Optional<String> authorization(URI target) {
    return of(target)
        .map(URI::getUserInfo) // decoded: a password may contain escaped characters
        .map(
            u -> "Basic " + Base64.getEncoder().encodeToString(u.getBytes(StandardCharsets.UTF_8)));
  }

  @Override
  public List<Proxy> select(URI target) {
    if (byScheme.isEmpty()) {
      ProxySelector system = ProxySelector.getDefault();
      return system == null ? List.of(Proxy.NO_PROXY) : system.select(target);
    }
    return of(target)
        .map(
            p ->
                List.of(
                    new Proxy(
                        Proxy.Type.HTTP,
                        InetSocketAddress.createUnresolved(
                            p.getHost(), p.getPort() < 0 ? 80 : p.getPort()))))
        .orElse(List.of(Proxy.NO_PROXY));
  }

  @Override
  public void connectFailed(URI target, SocketAddress proxy, IOException e) {}
}
