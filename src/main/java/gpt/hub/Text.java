package gpt.hub;

import gpt.model.UntrustedText;

/** Sanitizes untrusted text for messages. */
final class Text {
  private static final int MAX_LENGTH = 200;

  private Text() {}

  /** Removes line breaks and terminal control codes, and shortens to 200 characters. */
  static String line(String text) {
    return UntrustedText.line(text, MAX_LENGTH);
  }

  /** A throwable's message, or its class's name if it has none. */
  static String reason(Throwable e) {
    return e.getMessage() == null || e.getMessage().isBlank()
        ? e.getClass().getSimpleName()
        : line(e.getMessage());
  }
}
