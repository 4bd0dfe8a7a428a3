package gpt.cli.output;

import java.lang.Character.UnicodeScript;
import java.util.Set;

/** Pads and cuts text by the columns that it takes on a terminal. */
public final class Columns {
  private static final Set<UnicodeScript> WIDE =
      Set.of(
          UnicodeScript.HAN,
          UnicodeScript.HANGUL,
          UnicodeScript.HIRAGANA,
          UnicodeScript.KATAKANA,
          UnicodeScript.BOPOMOFO,
          UnicodeScript.YI);

  private static final String EIGHTHS = " ▏▎▍▌▋▊▉";

  private Columns() {}

  /** Columns that a text takes. */
  public static int width(String text) {
    return text.codePoints().map(Columns::width).sum();
  }

  private static int width(int codePoint) {
    int type = Character.getType(codePoint);
    if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
      return 0;
    }
    boolean full =
        codePoint >= 0xFF01 && codePoint <= 0xFF60 || codePoint >= 0x3000 && codePoint <= 0x303E;
    return full
            || WIDE.contains(UnicodeScript.of(codePoint))
            || Character.isEmojiPresentation(codePoint)
        ? 2
        : 1;
  }

  /** The text padded with spaces on the right. */
  public static String left(String text, int columns) {
    return text + " ".repeat(Math.max(0, columns - width(text)));
  }

  /** The text padded with spaces on the left. */
  public static String right(String text, int columns) {
    return " ".repeat(Math.max(0, columns - width(text))) + text;
  }

  /** The text in exactly this many columns: padded on the right, or cut with an ellipsis. */
  public static String fit(String text, int columns) {
    if (width(text) <= columns) {
      return left(text, columns);
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
    return left(out.append('…').toString(), columns);
  }

  /** A bar for a part from 0 to 1, exact to an eighth of a column, padded with spaces. */
  public static String bar(double part, int columns) {
    int eighths = (int) Math.round(Math.clamp(part, 0, 1) * columns * 8);
    StringBuilder bar = new StringBuilder("█".repeat(eighths / 8));
    if (eighths % 8 > 0) {
      bar.append(EIGHTHS.charAt(eighths % 8));
    }
    return left(bar.toString(), columns);
  }

  /** Appends a line without spaces at its end, and clears it. */
  public static void endLine(StringBuilder line, StringBuilder out) {
    out.append(line.toString().stripTrailing()).append('\n');
    line.setLength(0);
  }
}
