package gpt.tokenizer;

/**
 * Decodes a stream of UTF-8 byte chunks. An incomplete character is held back until its last byte
 * arrives. Each maximal invalid prefix of a character becomes one U+FFFD, as with Python's {@code
 * errors="replace"}; Java's own decoder writes one U+FFFD, not three, for an encoded surrogate.
 */
public final class Utf8Decoder {
  static final String REPLACEMENT = "\uFFFD";

  private int codePoint;

  /** Continuation bytes that the incomplete character still lacks. */
  private int missing;

  /** The range that the next continuation byte must lie in: no overlong forms, no surrogates. */
  private int low = 0x80;

  private int high = 0xBF;

  /** A decoder with the same incomplete character. */
  public Utf8Decoder copy() {
    Utf8Decoder copy = new Utf8Decoder();
    copy.codePoint = codePoint;
    copy.missing = missing;
    copy.low = low;
    copy.high = high;
    return copy;
  }

  /** The characters that these bytes complete; may be empty. */
  public String decode(byte[] bytes) {
    StringBuilder text = new StringBuilder(bytes.length);
    for (byte each : bytes) {
      int b = each & 0xFF;
      if (missing > 0) {
        if (b >= low && b <= high) {
          codePoint = codePoint << 6 | b & 0x3F;
          low = 0x80;
          high = 0xBF;
          if (--missing == 0) {
            text.appendCodePoint(codePoint);
          }
          continue;
        }
        missing = 0;
        text.append(REPLACEMENT);
      }
      begin(b, text);
    }
    return text.toString();
  }

  /** Ends the stream: U+FFFD if a character is incomplete, else an empty text. */
  public String flush() {
    boolean pending = missing > 0;
    missing = 0;
    return pending ? REPLACEMENT : "";
  }

  /** Decodes the first byte of a character. */
  private void begin(int b, StringBuilder text) {
    low = 0x80;
    high = 0xBF;
    if (b < 0x80) {
      text.append((char) b);
    } else if (b >= 0xC2 && b <= 0xDF) {
      missing = 1;
      codePoint = b & 0x1F;
    } else if (b >= 0xE0 && b <= 0xEF) {
      missing = 2;
      codePoint = b & 0x0F;
      low = b == 0xE0 ? 0xA0 : 0x80;
      high = b == 0xED ? 0x9F : 0xBF;
    } else if (b >= 0xF0 && b <= 0xF4) {
      missing = 3;
      codePoint = b & 0x07;
      low = b == 0xF0 ? 0x90 : 0x80;
      high = b == 0xF4 ? 0x8F : 0xBF;
    } else {
      text.append(REPLACEMENT);
    }
  }
}
