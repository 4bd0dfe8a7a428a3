package gpt.model;

import java.util.Locale;

/** Formats byte counts with decimal units. */
public final class Bytes {
  private Bytes() {}

  /** {@code 512.3 kB}, {@code 10.9 MB}, {@code 6.23 GB}. */
  public static String text(long count) {
    if (count < 1_000_000) {
      return String.format(Locale.ROOT, "%.1f kB", count / 1e3);
    }
    return count < 1_000_000_000
        ? String.format(Locale.ROOT, "%.1f MB", count / 1e6)
        : String.format(Locale.ROOT, "%.2f GB", count / 1e9);
  }
}
