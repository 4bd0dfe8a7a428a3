package gpt.server.http;

import gpt.server.api.ApiLimits;
import java.time.Duration;
import java.util.Optional;

/**
 * Where a server listens, whom it answers, and its limits.
 *
 * @param host address to listen on
 * @param port port; 0 chooses a free one
 * @param key the key that callers must send; empty for none
 * @param corsOrigin the web site whose pages may call the server, or {@code *}; empty for none
 * @param limits of one request
 * @param maxBody bytes of a request's body
 * @param maxConnections open connections
 * @param capacity completions that run or wait; further requests get status 429
 * @param receive time in which a request must have arrived
 * @param idle time for which a connection may be idle between requests
 * @param send time in which a client must take what is sent to it
 * @param drain time for which running requests may go on after SIGTERM
 */
public record ServerSettings(
    String host,
    int port,
    Optional<ApiKey> key,
    Optional<String> corsOrigin,
    ApiLimits limits,
    int maxBody,
    int maxConnections,
    int capacity,
    Duration receive,
    Duration idle,
    Duration send,
    Duration drain) {
  /** The default of {@link #maxBody}: 4 MiB. */
  public static final int MAX_BODY = 4 << 20;

  /** Bytes of a request's line and headers. */
  static final int MAX_HEADERS = 16 << 10;
}
