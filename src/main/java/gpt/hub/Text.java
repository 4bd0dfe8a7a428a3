package gpt.hub;

import java.util.Locale;

/** What of foreign text and of numbers goes into a message. */
final class Text {
  private static final int LONGEST = 200;

  private Text() {}

  /** No line breaks, no control codes of a terminal, no endless text. */
  static String line(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .limit(LONGEST)
        .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c)
        .forEach(out::appendCodePoint);
    return out.toString();
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
