package gpt.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * GPT-2's {@code bytes_to_unicode}: each byte is written as one visible character. Bytes that are
 * printable in Latin-1 map to themselves, the others, in ascending order, to U+0100 and up. A space
 * is Ġ, a line feed Ċ.
 */
final class ByteAlphabet {
  static final int BYTES = 256;

  private static final char[] CHARACTERS = new char[BYTES];

  /** The byte of each character, −1 for characters outside the alphabet. */
  private static final int[] VALUES = new int[2 * BYTES];

  static {
    Arrays.fill(VALUES, -1);
    char next = BYTES;
    for (int b = 0; b < BYTES; b++) {
      boolean visible = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
      CHARACTERS[b] = visible ? (char) b : next++;
      VALUES[CHARACTERS[b]] = b;
    }
  }

  private ByteAlphabet() {}

  static String toText(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    for (byte b : bytes) {
      text.append(CHARACTERS[b & 0xFF]);
    }
    return text.toString();
  }

  /**
   * Inverts {@link #toText}; a text with a character outside the alphabet gives its UTF-8 bytes.
   */
  static byte[] toBytes(String text) {
    byte[] bytes = new byte[text.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = text.charAt(i);
      if (c >= VALUES.length || VALUES[c] < 0) {
        return text.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) VALUES[c];
    }
    return bytes;
  }
}
