package gpt.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TokenLabelTest {
  private static String of(String text) {
    return TokenLabel.of(text.getBytes(UTF_8));
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @Test
  void visibleCharactersAreKept() {
    for (String text : new String[] {"", "The", "é", "中文", "\uD83D\uDE42", "<|x|>", "e\u0301"}) {
      assertEquals(text, of(text));
    }
  }

  @Test
  void invisibleCharactersAreEscaped() {
    assertEquals("␣the␣␣", of(" the  "));
    assertEquals("\\n\\r\\n\\t", of("\n\r\n\t"));
    assertEquals("\\\\n", of("\\n"), "a backslash is no line feed");
    assertEquals("\\u{0}\\u{1B}[31m\\u{7F}\\u{9B}", of("\u0000\u001B[31m\u007F\u009B"));
    assertEquals("\\u{A0}\\u{3000}\\u{2028}", of("\u00A0\u3000\u2028"));
    assertEquals("\\u{200B}\\u{202E}\\u{FEFF}\\u{AD}", of("\u200B\u202E\uFEFF\u00AD"));
    assertEquals("\\u{E000}\\u{FFFF}\\u{10FFFF}", of("\uE000\uFFFF\uDBFF\uDFFF"));
  }

  @Test
  void incompleteCharactersAreWrittenAsBytes() {
    assertEquals("\\xE2", TokenLabel.of(bytes(0xE2)));
    assertEquals("\\x82\\xAC", TokenLabel.of(bytes(0x82, 0xAC)));
    assertEquals("\\xF0\\x9F\\x99", TokenLabel.of(bytes(0xF0, 0x9F, 0x99)));
    assertEquals("a\\xE2\\x82b", TokenLabel.of(bytes('a', 0xE2, 0x82, 'b')));
    assertEquals("\\xE2é", TokenLabel.of(bytes(0xE2, 0xC3, 0xA9)));
    assertEquals("\\x87€\\xE2", TokenLabel.of(bytes(0x87, 0xE2, 0x82, 0xAC, 0xE2)));
    // Overlong forms, surrogates and code points above U+10FFFF are invalid.
    assertEquals("\\xC0\\x80", TokenLabel.of(bytes(0xC0, 0x80)));
    assertEquals("\\xED\\xA0\\x80", TokenLabel.of(bytes(0xED, 0xA0, 0x80)));
    assertEquals("\\xF5\\xFF", TokenLabel.of(bytes(0xF5, 0xFF)));
  }

  /** A decoder writes U+FFFD for invalid bytes, but it may be in the text too. */
  @Test
  void theReplacementCharacterIsKept() {
    assertEquals("\uFFFD", of("\uFFFD"));
    assertEquals("x\uFFFD\\xEF\\xBF", TokenLabel.of(bytes('x', 0xEF, 0xBF, 0xBD, 0xEF, 0xBF)));
  }

  @Test
  void asTextLinesAndSpacesAreKept() {
    String text = "a \\n\tb\n";
    assertEquals(text, TokenLabel.text(text.getBytes(UTF_8)));
    assertEquals("\\r\n\\u{1B}", TokenLabel.text("\r\n\u001B".getBytes(UTF_8)));
    assertEquals("\\xE2 中", TokenLabel.text(bytes(0xE2, ' ', 0xE4, 0xB8, 0xAD)));
  }
}
