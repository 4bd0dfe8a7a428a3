package gpt.model;

/** Makes text from files, servers and command lines safe to print in a message. */
public final class UntrustedText {
  private UntrustedText() {}

  /**
   * Replaces control and format characters, line breaks included, with {@code ?} and truncates.
   *
   * @param maxLength characters (code points) to keep
   */
  public static String line(String text, int maxLength) {
    StringBuilder out = new StringBuilder();
    text.codePoints()
        .limit(maxLength)
        .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c)
        .forEach(out::appendCodePoint);
    return out.toString();
  }
}
