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
 * Where the hub and its cache are, from the environment variables that Hugging Face's Python
 * library reads.
 *
 * @param endpoint the hub's URL without a trailing slash: {@code HF_ENDPOINT}
 * @param cache the folder of all repositories: {@code HF_HUB_CACHE}, or {@code hub} in {@code
 *     HF_HOME}
 * @param token the access token, sent to the hub only: {@code HF_TOKEN}, or the file that {@code hf
 *     auth login} wrote
 * @param offline whether network access is forbidden: {@code HF_HUB_OFFLINE}
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
   * @throws GptException if a variable has an invalid value
   */
  public static HubSettings of(Map<String, String> environment, Path home) {
    return new Variables(environment, home).settings();
  }

  /** The variables of this process. */
  public static HubSettings ofProcess() {
    return ofProcess(System.getenv());
  }

  /**
   * The home folder is {@code HOME}, as for other tools: in a container it can differ from {@code
   * user.home}, which comes from the password file. On Windows {@code HOME} is not set.
   */
  static HubSettings ofProcess(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", "");
    return of(environment, Path.of(home.isEmpty() ? System.getProperty("user.home") : home));
  }

  /** Leaves out the token, which must not appear in any message. */
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
        // Reported below.
      }
      throw new GptException(
          "HF_ENDPOINT: expected an address like %s, found '%s'"
              .formatted(ENDPOINT, Text.line(text)));
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
        throw new GptException(file + ": cannot read the access token: " + Text.reason(e), e);
      }
    }

    /** A token becomes part of a header, so it must be plain ASCII. The error does not show it. */
    private static String checked(String where, String token) {
      if (!token.matches("[\\x21-\\x7e]{1,4096}")) {
        throw new GptException(
            where + ": expected an access token, found spaces or characters outside ASCII");
      }
      return token;
    }
  }
}
