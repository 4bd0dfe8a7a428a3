package gpt.server.http;

import gpt.model.UntrustedText;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Writes one line per request: when, method, path, status, tokens, times. It has nothing of the
 * prompt, the text or the key.
 */
record RequestLog(Consumer<String> lines) {
  private static final int MAX_PATH = 100;
  private static final double MILLI = 1e6;

  /** Writes the line of a request that has ended. */
  void write(Exchange exchange) {
    StringBuilder line = new StringBuilder();
    line.append(Instant.now().truncatedTo(ChronoUnit.MILLIS))
        .append(' ')
        .append(UntrustedText.line(exchange.method(), MAX_PATH))
        .append(' ')
        .append(UntrustedText.line(exchange.path(), MAX_PATH))
        .append(' ')
        .append(exchange.status());
    exchange
        .work()
        .ifPresent(
            work -> {
              line.append(" prompt_tokens=").append(work.usage().prompt());
              line.append(" completion_tokens=").append(work.usage().completion());
              if (work.firstTokenNanos() >= 0) {
                line.append(" first_token_ms=").append(millis(work.firstTokenNanos()));
              }
            });
    line.append(" total_ms=").append(millis(exchange.nanos()));
    lines.accept(line.toString());
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.1f", nanos / MILLI);
  }
}
