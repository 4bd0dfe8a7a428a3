package gpt.checkpoint;

import gpt.GptException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads a GGUF file's header from its beginning on; nothing beyond the file is ever asked for. */
final class GgufCursor {
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Longer texts are skipped, never held. */
  private static final int LONGEST_STRING = 1 << 24;

  private final Path file;
  private final MemorySegment bytes;
  private long at;

  /**
   * Reads from a place on.
   *
   * @param at at most the size of the file
   */
  GgufCursor(Path file, MemorySegment bytes, long at) {
    this.file = file;
    this.bytes = bytes;
    this.at = at;
  }

  long at() {
    return at;
  }

  long remaining() {
    return bytes.byteSize() - at;
  }

  /** Refuses a file that ends before as many bytes more; a negative number is one beyond 2⁶³. */
  private void need(long n, String what) {
    if (n < 0 || n > remaining()) {
      throw Fault.in(
          file,
          "cut off: %s: expected %s bytes from byte %d on, found %d"
              .formatted(what, Long.toUnsignedString(n), at, remaining()));
    }
  }

  byte i8(String what) {
    need(Byte.BYTES, what);
    return bytes.get(ValueLayout.JAVA_BYTE, at++);
  }

  short i16(String what) {
    need(Short.BYTES, what);
    at += Short.BYTES;
    return bytes.get(I16, at - Short.BYTES);
  }

  int i32(String what) {
    need(Integer.BYTES, what);
    at += Integer.BYTES;
    return bytes.get(I32, at - Integer.BYTES);
  }

  long i64(String what) {
    need(Long.BYTES, what);
    at += Long.BYTES;
    return bytes.get(I64, at - Long.BYTES);
  }

  /**
   * How many things follow.
   *
   * @param least bytes that each of them takes at least: more than the file can hold are refused
   */
  long count(String what, long least) {
    long n = i64(what);
    if (n < 0 || n > remaining() / least) {
      throw Fault.in(
          file,
          "%s: found %s, but only %d bytes follow"
              .formatted(what, Long.toUnsignedString(n), remaining()));
    }
    return n;
  }

  String string(String what) {
    long length = i64(what);
    need(length, what);
    if (length > LONGEST_STRING) {
      throw Fault.in(
          file,
          "%s: expected a text of at most %d bytes, found %d"
              .formatted(what, LONGEST_STRING, length));
    }
    MemorySegment text = bytes.asSlice(at, length);
    at += length;
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(text.asByteBuffer()).toString();
    } catch (CharacterCodingException e) {
      throw Fault.in(file, what + ": its text, before byte " + at + ", is not UTF-8", e);
    }
  }

  void skipString(String what) {
    skip(i64(what), what);
  }

  void skip(long n, String what) {
    need(n, what);
    at += n;
  }

  GptException fault(String what) {
    return Fault.in(file, what);
  }
}
