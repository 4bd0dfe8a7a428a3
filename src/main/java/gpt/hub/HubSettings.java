package gpt.hub;

import gpt.GptException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the hub and its cache are, from the variables that Hugging Face's own library reads.
 *
 * @param endpoint the hub, with no slash at its end: {@code HF_ENDPOINT}
 * @param cache the folder of all repositories: {@code HF_HUB_CACHE}, or {@code hub} in {@code
 *     HF_HOME}
 * @param token what the hub, and nobody else, gets to see: {@code HF_TOKEN}, or the file that
 *     {@code hf auth login} wrote
 * @param offline whether nothing may be connected to: {@code HF_HUB_OFFLINE}
 * @param proxies {@code HTTPS_PROXY} and the like
 */
public record HubSettings(
    URI endpoint, Path cache, Optional<String> token, boolean offline, Proxies proxies) {
  private static final String ENDPOINT = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

  /**
   * Reads the variables.
   *
   * @param environment the process's variables
   * @param home the user's folder
   * @throws GptException where one makes no sense
   */
  public static HubSettings of(Map<String, String> environment, Path home) {
    return new Variables(environment, home).settings();
  }

  /** The variables of this process. */
  public static HubSettings ofProcess() {
    return ofProcess(System.getenv());
  }

  /**
   * The user's folder is {@code HOME}, as for other tools: in a container {@code user.home}, which
   * comes from the password file, can be another. On Windows {@code HOME} is not set.
   */
  static HubSettings ofProcess(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", "");
    return of(environment, Path.of(home.isEmpty() ? System.getProperty("user.home") : home));
  }

  /** Without the token, which must get into no message. */
  @Override
  public String toString() {
    return "HubSettings[" + endpoint + ", " + cache + "]";
  }

  private record Variables(Map<String, String> environment, Path home) {

    HubSettings settings() {
      Path hfHome =
          path("HF_HOME")
              .orElseGet(
                  () ->
                      path("XDG_CACHE_HOME").orElse(home.resolve(".cache")).resolve("huggingface"));
      Path cache =
          path("HF_HUB_CACHE")
              .or(() -> path("HUGGINGFACE_HUB_CACHE"))
              .orElse(hfHome.resolve("hub"));
      boolean offline = flag("HF_HUB_OFFLINE") || flag("TRANSFORMERS_OFFLINE");
      return new HubSettings(endpoint(), cache, token(hfHome), offline, Proxies.of(environment));
    }

    private Optional<String> value(String name) {
      return Optional.ofNullable(environment.get(name))
          .map(String::strip)
          .filter(v -> !v.isEmpty());
    }

    private boolean flag(String name) {
      return value(name).filter(v -> TRUE.contains(v.toUpperCase(Locale.ROOT))).isPresent();
    }

    private Optional<Path> path(String name) {
      return value(name).map(v -> path(name, v));
    }

    private Path path(String name, String value) {
      try {
        return value.equals("~")
            ? home
            : value.startsWith("~/") ? home.resolve(value.substring(2)) : Path.of(value);
      } catch (InvalidPathException e) {
        throw new GptException(name + ": not a path on this system: " + e.getMessage(), e);
      }
    }

    private URI endpoint() {
      String text = value("HF_ENDPOINT").orElse(ENDPOINT).replaceAll("/+$", "");
      try {
        URI uri = new URI(text);
        boolean http = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
        if (http && uri.getHost() != null && uri.getUserInfo() == null && uri.getQuery() == null) {
          return uri;
        }
      } catch (URISyntaxException e) {
        // Said below.
      }
      throw new GptException(
          "HF_ENDPOINT: expected an address like "
              + ENDPOINT
              + ", found '"
              + Text.line(text)
              + "'");
    }

    private Optional<String> token(Path hfHome) {
      Optional<String> named = value("HF_TOKEN").or(() -> value("HUGGING_FACE_HUB_TOKEN"));
      if (named.isPresent()) {
        return named.map(t -> checked("HF_TOKEN", t));
      }
      Path file = path("HF_TOKEN_PATH").orElse(hfHome.resolve("token"));
      if (flag("HF_HUB_DISABLE_IMPLICIT_TOKEN") || !Files.isRegularFile(file)) {
        return Optional.empty();
      }
      try {
        String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8).strip();
        return text.isEmpty() ? Optional.empty() : Optional.of(checked(file.toString(), text));
      } catch (IOException e) {
        throw new GptException(file + ": the hub's token cannot be read: " + Text.reason(e), e);
      }
    }

    /** It goes into a header; the error must not show it. */
    private static String checked(String where, String token) {
      if (!token.matches("[\\x21-\\x7e]{1,4096}")) {
        throw new GptException(
            where + ": no token of the hub: it has spaces or characters outside ASCII");
      }
      return token;
    }
  }
}
