package gpt.cli.output;

import gpt.Timings;
import gpt.generate.draft.Drafter;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The last line on standard error: tokens per second, the time to the first token, and how many
 * drafts were right.
 */
public final class SpeedLine {
  private SpeedLine() {}

  /** The line for these timings, and for the drafts if there was a drafter. */
  public static String of(Timings timings, Optional<Drafter> drafter) {
    return part("prompt", timings.prefillTokens(), timings.prefillTokensPerSecond())
        + "; "
        + part("decode", timings.decodeTokens(), timings.decodeTokensPerSecond())
        + String.format(
            Locale.ROOT, "; first token after %.2f s", timings.timeToFirstTokenSeconds())
        + drafter.map(SpeedLine::drafts).orElse("");
  }

  private static String drafts(Drafter drafter) {
    return drafter.drafts() == 0 && !drafter.isWarm()
        ? "; no drafts: preparing them takes longer than these tokens"
        : "; " + drafter.right() + " of " + drafter.drafts() + " drafts right";
  }

  private static String part(String name, int tokens, OptionalDouble rate) {
    String speed =
        rate.isEmpty()
            ? ""
            : String.format(
                Locale.ROOT,
                rate.getAsDouble() < 100 ? ", %.1f tokens/s" : ", %.0f tokens/s",
                rate.getAsDouble());
    return name + " " + tokens + (tokens == 1 ? " token" : " tokens") + speed;
  }
}
