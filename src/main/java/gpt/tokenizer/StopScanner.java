package gpt.tokenizer;

import java.util.List;

/**
 * Passes text on up to the first stop string. A suffix that may begin a stop string is held back
 * until more text decides it. The result does not depend on how the text is split into pieces.
 */
final class StopScanner {
  private final List<String> stops;

  /** Text not released yet: the longest suffix of the input that begins a stop string. */
  private final StringBuilder held = new StringBuilder();

  private boolean stopped;

  StopScanner(List<String> stops) {
    this.stops = stops;
  }

  /** Returns an independent copy in the same state. */
  StopScanner copy() {
    StopScanner copy = new StopScanner(stops);
    copy.held.append(held);
    copy.stopped = stopped;
    return copy;
  }

  /** Adds text and returns the text that is now final; empty after a stop string. */
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

  /** Returns the text held back, at the end of the input. */
  String flush() {
    return release(held.length());
  }

  /** Whether a stop string occurred. */
  boolean stopped() {
    return stopped;
  }

  private String release(int length) {
    String out = held.substring(0, length);
    held.delete(0, length);
    return out;
  }

  /** Length of the longest stop string that is a suffix of the held text, 0 if none. */
  private int longestCompleted() {
    int longest = 0;
    for (String stop : stops) {
      if (stop.length() > longest && endsWith(stop, stop.length())) {
        longest = stop.length();
      }
    }
    return longest;
  }

  /** Length of the longest suffix of the held text that begins a stop string. */
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
