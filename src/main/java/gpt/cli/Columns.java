package gpt.cli;

/** Text in a terminal's columns, of which Chinese, Japanese, Korean and emoji take two each. */
final class Columns {
  private Columns() {}

  static int width(String text) {
    return text.codePoints().map(Columns::width).sum();
  }

  private static int width(int codePoint) {
    int type = Character.getType(codePoint);
    if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
      return 0;
    }
    boolean wide =
        codePoint >= 0x1100 && codePoint <= 0x115F // Hangul's first letters
            || codePoint >= 0x2E80 && codePoint <= 0xA4CF
            || codePoint >= 0xAC00 && codePoint <= 0xD7A3
            || codePoint >= 0xF900 && codePoint <= 0xFAFF
            || codePoint >= 0xFE30 && codePoint <= 0xFE6F
            || codePoint >= 0xFF00 && codePoint <= 0xFF60
            || codePoint >= 0x1F300 && codePoint <= 0x1FAFF
            || codePoint >= 0x20000 && codePoint <= 0x3FFFD;
    return wide ? 2 : 1;
  }

  /** The text with spaces behind it, or its beginning and an ellipsis: so many columns. */
  static String fit(String text, int columns) {
    int width = width(text);
    if (width <= columns) {
      return text + " ".repeat(columns - width);
    }
    StringBuilder out = new StringBuilder();
    int taken = 0;
    for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
      int next = width(text.codePointAt(at));
      if (taken + next > columns - 1) {
        break;
      }
      out.appendCodePoint(text.codePointAt(at));
      taken += next;
    }
    return out.append('…').append(" ".repeat(columns - 1 - taken)).toString();
  }
}
