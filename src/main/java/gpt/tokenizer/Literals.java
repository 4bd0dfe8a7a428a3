package gpt.tokenizer;

import java.util.Collection;

/**
 * A set of literals that finds the longest match at a position of a text by binary search. A file
 * may define any number of literals; a regular expression with one branch for each would try all of
 * them at every position.
 */
final class Literals {
  private final String[] sorted;

  /** For each literal, the index of the longest other literal that is its prefix, or −1. */
  private final int[] prefix;

  /** Sorts the literals, none of which may be empty. */
  Literals(Collection<String> literals) {
    sorted = literals.stream().sorted().distinct().toArray(String[]::new);
    prefix = new int[sorted.length];
    for (int i = 0; i < sorted.length; i++) {
      int other = i - 1;
      while (other >= 0 && !sorted[i].startsWith(sorted[other])) {
        other = prefix[other];
      }
      prefix[i] = other;
    }
  }

  /** The longest literal that the text contains at index {@code at}, or null. */
  String longest(String text, int at) {
    // Every literal that matches here is a prefix of the last one that does not sort after the
    // text.
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sortsAfter(sorted[middle], text, at)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    int found = low - 1;
    int common = found < 0 ? 0 : commonPrefix(sorted[found], text, at);
    while (found >= 0 && sorted[found].length() > common) {
      found = prefix[found];
    }
    return found < 0 ? null : sorted[found];
  }

  private static boolean sortsAfter(String literal, String text, int at) {
    int n = commonPrefix(literal, text, at);
    return n < literal.length()
        && (at + n == text.length() || literal.charAt(n) > text.charAt(at + n));
  }

  /** The length of the common prefix of the literal and the text from {@code at} on. */
  private static int commonPrefix(String literal, String text, int at) {
    int max = Math.min(literal.length(), text.length() - at);
    int n = 0;
    while (n < max && literal.charAt(n) == text.charAt(at + n)) {
      n++;
    }
    return n;
  }
}
