package gpt.tokenizer;

import java.util.Arrays;
import java.util.Locale;

/**
 * A token's text on one line with everything visible: a space is ␣, a line's end {@code \n}, a
 * backslash {@code \\}; other characters that show nothing are their number in hexadecimal, with
 * {@code u} and braces, and bytes that are no whole character {@code \xE2}.
 */
public final class TokenLabel {
  private static final String SPACE = "\u2423";

  /** Characters of a text in an error; a file's own may have millions. */
  private static final int SHOWN = 100;

  private TokenLabel() {}

  /** How each character is written; bytes that are no whole one are the same everywhere. */
  @FunctionalInterface
  private interface Writing {
    void append(int codePoint, StringBuilder out);
  }

  /** The label of a token's bytes, which may begin or end inside of a character. */
  public static String of(byte[] bytes) {
    return written(bytes, (codePoint, out) -> append(codePoint, SPACE, out));
  }

  /**
   * A token's text for a place that shows lines: its spaces, tabs, ends of lines and backslashes as
   * they are, the rest as in its label.
   */
  public static String text(byte[] bytes) {
    return written(
        bytes,
        (codePoint, out) -> {
          switch (codePoint) {
            case '\n', '\t', ' ', '\\' -> out.appendCodePoint(codePoint);
            default -> append(codePoint, SPACE, out);
          }
        });
  }

  private static String written(byte[] bytes, Writing writing) {
    StringBuilder label = new StringBuilder();
    int at = 0;
    while (at < bytes.length) {
      int length = Math.max(1, characterAt(bytes, at));
      if (length == 1 && bytes[at] < 0) {
        label.append(String.format(Locale.ROOT, "\\x%02X", bytes[at] & 0xFF));
      } else {
        byte[] character = Arrays.copyOfRange(bytes, at, at + length);
        writing.append(new Utf8Decoder().decode(character).codePointAt(0), label);
      }
      at += length;
    }
    return label.toString();
  }

  /** Bytes of the whole character that begins there, or 0 if there is none. */
  private static int characterAt(byte[] bytes, int at) {
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

  /** U+FFFD itself is a character too. */
  private static boolean isReplacement(byte[] bytes, int at) {
    return at + 3 <= bytes.length
        && bytes[at] == (byte) 0xEF
        && bytes[at + 1] == (byte) 0xBF
        && bytes[at + 2] == (byte) 0xBD;
  }

  /** A text on one line, whatever it holds and however long it is; spaces stay. */
  static String escaped(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints().limit(SHOWN).forEach(c -> append(c, " ", out));
    if (text.codePointCount(0, text.length()) > SHOWN) {
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

  /** Characters that would break the line, change its direction, or show nothing. */
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
