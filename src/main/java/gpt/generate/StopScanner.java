package gpt.generate;

import java.util.List;

/**
 * Lets text through up to a stop string. Text that may be the beginning of one is held back until
 * that is decided. The result does not depend on how the text is cut into pieces.
 */
final class StopScanner {
  private final List<String> stops;

  /** The text that was seen and not released: the longest end of it that begins a stop string. */
  private final StringBuilder held = new StringBuilder();

  private boolean stopped;

  StopScanner(List<String> stops) {
    this.stops = stops;
  }

  /** Another one that has seen the same text. */
  StopScanner copy() {
    StopScanner copy = new StopScanner(stops);
    copy.held.append(held);
    copy.stopped = stopped;
    return copy;
  }

  /** Takes text and returns what is safe to release. After a stop string that is nothing. */
  String add(String text) {
    for (int i = 0; i < text.length() && !stopped; i++) {
      held.append(text.charAt(i));
      int completed = longestCompleted();
      if (completed > 0) {
        stopped = true;
        held.setLength(held.length() - completed);
      }
    }
    return release(held.length() - (stopped ? 0 : longestBegun()));
  }

  /** Returns what is held back: no more text will come. */
  String flush() {
    return release(held.length());
  }

  /** Whether a stop string was completed. */
  boolean stopped() {
    return stopped;
  }

  private String release(int length) {
    String out = held.substring(0, length);
    held.delete(0, length);
    return out;
  }

  /** Length of the longest stop string that the held text ends with, 0 if none. */
  private int longestCompleted() {
    int longest = 0;
    for (String stop : stops) {
      if (stop.length() > longest && endsWith(stop, stop.length())) {
        longest = stop.length();
      }
    }
    return longest;
  }

  /** Length of the longest end of the held text that begins a stop string. */
  private int longestBegun() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (endsWith(stop, n)) {
          longest = n;
        }
      }
    }
    return longest;
  }

  /** Whether the held text ends with the first n characters of a stop string. */
  private boolean endsWith(String stop, int n) {
    int offset = held.length() - n;
    if (offset < 0) {
      return false;
    }
    for (int i = n - 1; i >= 0; i--) {
      if (held.charAt(offset + i) != stop.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
