package gpt.tokenizer;

import java.util.Arrays;
import java.util.Locale;

/**
 * A token's text on one line with every character visible: a space is ␣, a line feed {@code \n}, a
 * backslash {@code \\}. Other invisible characters are escaped as a hexadecimal code point after
 * {@code u} in braces, bytes of an incomplete character as {@code \xE2}.
 */
public final class TokenLabel {
  private static final String SPACE = "\u2423";

  /** Characters of a text that an error message shows; a text from a file may have millions. */
  private static final int MAX_SHOWN = 100;

  private TokenLabel() {}

  /** Writes one character; bytes of incomplete characters are always written as {@code \xE2}. */
  @FunctionalInterface
  private interface CharacterFormat {
    void append(int codePoint, StringBuilder out);
  }

  /** The label of a token's bytes, which may begin or end inside a character. */
  public static String of(byte[] bytes) {
    return format(bytes, (codePoint, out) -> append(codePoint, SPACE, out));
  }

  /**
   * A token's text for output of several lines: spaces, tabs, line feeds and backslashes are kept,
   * all else is written as in the label.
   */
  public static String text(byte[] bytes) {
    return format(
        bytes,
        (codePoint, out) -> {
          switch (codePoint) {
            case '\n', '\t', ' ', '\\' -> out.appendCodePoint(codePoint);
            default -> append(codePoint, SPACE, out);
          }
        });
  }

  private static String format(byte[] bytes, CharacterFormat format) {
    StringBuilder label = new StringBuilder();
    int at = 0;
    while (at < bytes.length) {
      int length = Math.max(1, characterLength(bytes, at));
      if (length == 1 && bytes[at] < 0) {
        label.append(String.format(Locale.ROOT, "\\x%02X", bytes[at] & 0xFF));
      } else {
        byte[] character = Arrays.copyOfRange(bytes, at, at + length);
        format.append(new Utf8Decoder().decode(character).codePointAt(0), label);
      }
      at += length;
    }
    return label.toString();
  }

  /** The number of bytes of the complete character at {@code at}, or 0 if there is none. */
  private static int characterLength(byte[] bytes, int at) {
    Utf8Decoder decoder = new Utf8Decoder();
    for (int length = 1; length <= 4 && at + length <= bytes.length; length++) {
      String text = decoder.decode(new byte[] {bytes[at + length - 1]});
      if (!text.isEmpty()) {
        boolean whole = !text.startsWith(Utf8Decoder.REPLACEMENT) || isReplacement(bytes, at);
        return whole ? length : 0;
      }
    }
    return 0;
  }

  /** Whether the bytes encode U+FFFD itself, which the decoder also writes for invalid bytes. */
  private static boolean isReplacement(byte[] bytes, int at) {
    return at + 3 <= bytes.length
        && bytes[at] == (byte) 0xEF
        && bytes[at + 1] == (byte) 0xBF
        && bytes[at + 2] == (byte) 0xBD;
  }

  /** A text on one line of limited length, with invisible characters escaped; spaces are kept. */
  public static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints().limit(MAX_SHOWN).forEach(c -> append(c, " ", out));
    if (text.codePointCount(0, text.length()) > MAX_SHOWN) {
      out.append('…');
    }
    return out.toString();
  }

  private static void append(int codePoint, String space, StringBuilder out) {
    switch (codePoint) {
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      case ' ' -> out.append(space);
      case '\\' -> out.append("\\\\");
      default -> {
        if (isInvisible(codePoint)) {
          out.append(String.format(Locale.ROOT, "\\u{%X}", codePoint));
        } else {
          out.appendCodePoint(codePoint);
        }
      }
    }
  }

  /** Whether a character would break the line, change its direction, or show nothing. */
  static boolean isInvisible(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.SPACE_SEPARATOR,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }
}
