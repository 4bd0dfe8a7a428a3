package gpt.model;

/** Names and answers that others chose, as they may stand in a message. */
public final class ForeignText {
  private ForeignText() {}

  /**
   * No line breaks, no control codes of a terminal, no endless text.
   *
   * @param longest characters (code points) that are kept
   */
  public static String line(String text, int longest) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .limit(longest)
        .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c)
        .forEach(out::appendCodePoint);
    return out.toString();
  }
}
