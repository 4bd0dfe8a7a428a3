package gpt.tokenizer;

import java.util.Collection;

/**
 * Finds texts in a text. There may be as many as a file has room for: a pattern with a branch for
 * each would try them all at every place.
 */
final class Literals {
  private final String[] sorted;

  /** For each, the index of the longest other that it begins with, or −1. */
  private final int[] within;

  /** None of them may be empty. */
  Literals(Collection<String> literals) {
    sorted = literals.stream().sorted().distinct().toArray(String[]::new);
    within = new int[sorted.length];
    for (int i = 0; i < sorted.length; i++) {
      int other = i - 1;
      while (other >= 0 && !sorted[i].startsWith(sorted[other])) {
        other = within[other];
      }
      within[i] = other;
    }
  }

  /** The longest that a text has at a place, or null. */
  String longest(String text, int at) {
    // The last in order that is not behind the text begins with all that the text begins with.
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (isBehind(sorted[middle], text, at)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    int found = low - 1;
    int common = found < 0 ? 0 : common(sorted[found], text, at);
    while (found >= 0 && sorted[found].length() > common) {
      found = within[found];
    }
    return found < 0 ? null : sorted[found];
  }

  private static boolean isBehind(String literal, String text, int at) {
    int n = common(literal, text, at);
    return n < literal.length()
        && (at + n == text.length() || literal.charAt(n) > text.charAt(at + n));
  }

  /** How many characters are the same. */
  private static int common(String literal, String text, int at) {
    int most = Math.min(literal.length(), text.length() - at);
    int n = 0;
    while (n < most && literal.charAt(n) == text.charAt(at + n)) {
      n++;
    }
    return n;
  }
}
