package gpt.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds the word that a mistyped one was meant to be. */
final class EditDistance {
  private EditDistance() {}

  /** The word with the fewest edits, if they are at most a third of its letters, or one. */
  static Optional<String> nearest(String typed, Collection<String> words) {
    return words.stream()
        .filter(word -> between(typed, word) <= Math.max(1, word.length() / 3))
        .min(Comparator.comparingInt(word -> between(typed, word)));
  }

  /** The fewest insertions, deletions, substitutions and swaps of neighbours from a to b. */
  static int between(String a, String b) {
    int[][] distance = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          distance[i][j] = i + j;
          continue;
        }
        int substituted = distance[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        int fewest = Math.min(substituted, 1 + Math.min(distance[i - 1][j], distance[i][j - 1]));
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          fewest = Math.min(fewest, distance[i - 2][j - 2] + 1);
        }
        distance[i][j] = fewest;
      }
    }
    return distance[a.length()][b.length()];
  }
}
