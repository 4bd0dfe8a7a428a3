package gpt.hub;

import gpt.GptException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Repeats attempts after transient failures, with exponential backoff or Retry-After. */
record Retries(Tuning tuning) {
  /** A longer Retry-After ends the download. */
  private static final Duration MAX_RETRY_AFTER = Duration.ofMinutes(5);

  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration MAX_PAUSE = Duration.ofSeconds(30);

  /** An action that may fail transiently. */
  @FunctionalInterface
  interface Attempt<T> {
    T run() throws TransientException, IOException;
  }

  /**
   * Repeats an attempt until it succeeds.
   *
   * @throws GptException after too many failures in a row
   */
  <T> T run(Attempt<T> attempt) throws IOException {
    int failures = 0;
    while (true) {
      try {
        return attempt.run();
      } catch (TransientException e) {
        failures = e.progressed() ? 1 : failures + 1;
        Duration pause = e.retryAfter().orElse(pause(failures));
        if (failures >= tuning.attempts() || pause.compareTo(MAX_RETRY_AFTER) > 0) {
          throw new GptException(
              e.getMessage()
                  + e.retryAfter()
                      .map(a -> "; the server asks to wait " + a.toSeconds() + " s")
                      .orElse("")
                  + "; partial files are kept: run the same command again to resume",
              e);
        }
        sleep(pause);
      }
    }
  }

  /** 1, 2, 4 ... seconds, minus a random part of up to a quarter, to spread clients out. */
  private static Duration pause(int failures) {
    long max =
        Math.min(MAX_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.clamp(failures - 1L, 0, 16));
    return Duration.ofMillis(max - ThreadLocalRandom.current().nextLong(max / 4 + 1));
  }

  private void sleep(Duration pause) throws IOException {
    try {
      tuning.sleeper().sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }
}
