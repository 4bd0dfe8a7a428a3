package gpt.hub;

import gpt.model.UntrustedText;

/** Sanitizes untrusted text for messages. */
final class Text {
  private static final int LONGEST = 200;

  private Text() {}

  /** No line breaks, no control codes of a terminal, no endless text. */
  static String line(String text) {
    return UntrustedText.line(text, LONGEST);
  }

  /** A throwable's message, or its name where it has none. */
  static String reason(Throwable e) {
    return e.getMessage() == null || e.getMessage().isBlank()
        ? e.getClass().getSimpleName()
        : line(e.getMessage());
  }
}
