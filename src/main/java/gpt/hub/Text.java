package gpt.hub;

import gpt.model.ForeignText;
import java.util.Locale;

/** What of foreign text and of numbers goes into a message. */
final class Text {
  private static final int LONGEST = 200;

  private Text() {}

  /** No line breaks, no control codes of a terminal, no endless text. */
  static String line(String text) {
    return ForeignText.line(text, LONGEST);
  }

  /** A throwable's message, or its name where it has none. */
  static String reason(Throwable e) {
    return e.getMessage() == null || e.getMessage().isBlank()
        ? e.getClass().getSimpleName()
        : line(e.getMessage());
  }

  /** Bytes in decimal units. */
  static String bytes(long count) {
    return count < 1_000_000_000L
        ? String.format(Locale.ROOT, "%.1f MB", count / 1e6)
        : String.format(Locale.ROOT, "%.2f GB", count / 1e9);
  }
}
