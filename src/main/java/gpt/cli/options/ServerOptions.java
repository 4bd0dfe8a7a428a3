package gpt.cli.options;

import gpt.server.api.ApiLimits;
import gpt.server.http.ApiKey;
import gpt.server.http.ServerSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where {@code gpt serve} listens, whom it answers, and its limits. */
@OptionGroup.In(OptionGroup.SERVER)
public final class ServerOptions {
  private static final int MAX_PORT = 65_535;
  private static final int MAX_SECONDS = 86_400;
  private static final int MAX_CONNECTIONS = 4096;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Address to listen on; another one than this machine's own needs --api-key."
              + " Variable: GPT_HOST. Default: ${DEFAULT-VALUE}")
  private String host;

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "8080",
      description = "Port; 0 chooses a free one. Variable: GPT_PORT. Default: ${DEFAULT-VALUE}")
  private int port;

  @Option(
      names = "--api-key",
      paramLabel = "KEY",
      description =
          "Answer only to callers that send this key. Prefer the variable GPT_API_KEY: other users"
              + " of the machine can see the arguments of its processes.")
  private String apiKey;

  @Option(
      names = "--cors-origin",
      paramLabel = "ORIGIN",
      description =
          "Let pages of this web site call the server, as https://example.org; * for all."
              + " Variable: GPT_CORS_ORIGIN. Default: none")
  private String corsOrigin;

  @Option(
      names = "--parallel",
      paramLabel = "N",
      defaultValue = "16",
      description =
          "Completions to decode together; further ones wait. Variable: GPT_PARALLEL."
              + " Default: ${DEFAULT-VALUE}")
  private int parallel;

  @Option(
      names = "--queue",
      paramLabel = "N",
      defaultValue = "128",
      description =
          "Completions that may wait; further requests get status 429. Variable: GPT_QUEUE."
              + " Default: ${DEFAULT-VALUE}")
  private int queue;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description =
          "Maximum of a request's max_tokens. Variable: GPT_MAX_TOKENS. Default: none; the context"
              + " window bounds a completion")
  private int maxTokens = Integer.MAX_VALUE;

  @Option(
      names = "--max-choices",
      paramLabel = "N",
      defaultValue = "128",
      description =
          "Maximum of a request's completions: prompts times n or best_of. Variable:"
              + " GPT_MAX_CHOICES. Default: ${DEFAULT-VALUE}")
  private int maxChoices;

  @Option(
      names = "--idle-timeout",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description =
          "Time for a request to arrive, for a client to take what is sent to it, and for a"
              + " connection without a request. Variable: GPT_IDLE_TIMEOUT."
              + " Default: ${DEFAULT-VALUE}")
  private int idleTimeout;

  @Option(
      names = "--drain-timeout",
      paramLabel = "SECONDS",
      defaultValue = "30",
      description =
          "After Ctrl-C or SIGTERM: time for running requests to end. Variable: GPT_DRAIN_TIMEOUT."
              + " Default: ${DEFAULT-VALUE}")
  private int drainTimeout;

  /** Completions that are decoded together. */
  public int parallel() {
    return parallel;
  }

  /** The settings that the options choose. */
  public ServerSettings settings() {
    range("--port", port, 0, MAX_PORT);
    range("--parallel", parallel, 1, Integer.MAX_VALUE);
    range("--queue", queue, 0, Integer.MAX_VALUE - parallel);
    range("--max-tokens", maxTokens, 0, Integer.MAX_VALUE);
    range("--max-choices", maxChoices, 1, Integer.MAX_VALUE);
    range("--idle-timeout", idleTimeout, 1, MAX_SECONDS);
    range("--drain-timeout", drainTimeout, 0, MAX_SECONDS);
    Duration idle = Duration.ofSeconds(idleTimeout);
    return new ServerSettings(
        host,
        port,
        key(),
        Optional.ofNullable(corsOrigin),
        new ApiLimits(maxChoices, maxTokens),
        ServerSettings.MAX_BODY,
        MAX_CONNECTIONS,
        parallel + queue,
        idle,
        idle,
        idle,
        Duration.ofSeconds(drainTimeout));
  }

  private static void range(String option, int value, int min, int max) {
    if (value < min || value > max) {
      String upTo = max <= MAX_SECONDS ? " to " + max : " or more";
      throw new UsageException(option + ": must be " + min + upTo + ", found " + value);
    }
  }

  private Optional<ApiKey> key() {
    if (apiKey == null) {
      if (!isLoopback()) {
        throw new UsageException(
            "--host " + host + ": other machines can reach it; set a key in GPT_API_KEY");
      }
      return Optional.empty();
    }
    try {
      return Optional.of(new ApiKey(apiKey));
    } catch (IllegalArgumentException e) {
      throw new UsageException("--api-key: " + e.getMessage());
    }
  }

  private boolean isLoopback() {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new UsageException("--host " + host + ": no such address");
    }
  }
}
