package gpt.checkpoint.gguf;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads the values of a GGUF header one after another and checks the bounds of each. */
final class GgufCursor {

  /** Reading a longer string is an error; skipping it is not. */
  private static final int MAX_STRING_BYTES = 1 << 24;

  private final Path file;
  private final MemorySegment bytes;
  private long position;

  /**
   * Creates a cursor.
   *
   * @param position the byte to begin with, at most the size of the file
   */
  GgufCursor(Path file, MemorySegment bytes, long position) {
    this.file = file;
    this.bytes = bytes;
    this.position = position;
  }

  long position() {
    return position;
  }

  long remaining() {
    return bytes.byteSize() - position;
  }

  /** Checks that {@code n} bytes, an unsigned number, are left in the file. */
  private void require(long n, String what) {
    if (n < 0 || n > remaining()) {
      throw Fault.in(
          file,
          "cut off: %s: expected %s bytes from byte %d on, found %d"
              .formatted(what, Long.toUnsignedString(n), position, remaining()));
    }
  }

  byte i8(String what) {
    require(Byte.BYTES, what);
    return bytes.get(ValueLayout.JAVA_BYTE, position++);
  }

  short i16(String what) {
    require(Short.BYTES, what);
    position += Short.BYTES;
    return bytes.get(LittleEndian.I16, position - Short.BYTES);
  }

  int i32(String what) {
    require(Integer.BYTES, what);
    position += Integer.BYTES;
    return bytes.get(LittleEndian.I32, position - Integer.BYTES);
  }

  long i64(String what) {
    require(Long.BYTES, what);
    position += Long.BYTES;
    return bytes.get(LittleEndian.I64, position - Long.BYTES);
  }

  /**
   * Reads a number of elements and checks that the rest of the file can hold them.
   *
   * @param minBytes the bytes that each element takes at least
   */
  long count(String what, long minBytes) {
    long n = i64(what);
    if (n < 0 || n > remaining() / minBytes) {
      throw Fault.in(
          file,
          "%s: found %s, but only %d bytes follow"
              .formatted(what, Long.toUnsignedString(n), remaining()));
    }
    return n;
  }

  String string(String what) {
    long length = i64(what);
    require(length, what);
    if (length > MAX_STRING_BYTES) {
      throw Fault.in(
          file,
          "%s: expected a string of at most %d bytes, found %d"
              .formatted(what, MAX_STRING_BYTES, length));
    }
    MemorySegment string = bytes.asSlice(position, length);
    position += length;
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(string.asByteBuffer()).toString();
    } catch (CharacterCodingException e) {
      throw Fault.in(file, what + ": expected UTF-8, found other bytes before byte " + position, e);
    }
  }

  void skipString(String what) {
    skip(i64(what), what);
  }

  void skip(long n, String what) {
    require(n, what);
    position += n;
  }

  GptException fault(String what) {
    return Fault.in(file, what);
  }
}
