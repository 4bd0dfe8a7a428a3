package gpt.hub;

import gpt.GptException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Tries again what may pass, after pauses that double, or as long as the server asks. */
final class Retries {
  /** Longer than this nobody waits for a server that asks to. */
  private static final Duration LONGEST_ASKED = Duration.ofMinutes(5);

  private static final Duration FIRST = Duration.ofSeconds(1);
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private final Tuning tuning;

  Retries(Tuning tuning) {
    this.tuning = tuning;
  }

  /** Something that may fail and pass. */
  @FunctionalInterface
  interface Attempt<T> {
    T run() throws PassingException, IOException;
  }

  /**
   * Runs it until it succeeds.
   *
   * @throws GptException where it failed too often in a row
   */
  <T> T run(Attempt<T> attempt) throws IOException {
    int failures = 0;
    while (true) {
      try {
        return attempt.run();
      } catch (PassingException e) {
        failures = e.progressed() ? 1 : failures + 1;
        Duration pause = e.asked().orElse(pause(failures));
        if (failures >= tuning.attempts() || pause.compareTo(LONGEST_ASKED) > 0) {
          throw new GptException(
              e.getMessage()
                  + e.asked().map(a -> "; it asks to wait " + a.toSeconds() + " s").orElse("")
                  + "; what is loaded is kept, and the same command goes on",
              e);
        }
        sleep(pause);
      }
    }
  }

  /** 1, 2, 4 ... seconds, less up to a quarter, so that several do not come back at once. */
  private static Duration pause(int failures) {
    long most = Math.min(LONGEST.toMillis(), FIRST.toMillis() << Math.clamp(failures - 1L, 0, 16));
    return Duration.ofMillis(most - ThreadLocalRandom.current().nextLong(most / 4 + 1));
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
