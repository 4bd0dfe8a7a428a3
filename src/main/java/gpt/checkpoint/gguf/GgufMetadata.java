package gpt.checkpoint.gguf;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The metadata keys and values of a GGUF file. Integers are Long, floats Double. An array is read
 * from the file only when it is used.
 */
final class GgufMetadata {
  /** The format's numbers of value types. */
  static final int UINT32 = 4;

  static final int INT32 = 5;
  static final int FLOAT32 = 6;
  static final int BOOL = 7;
  static final int STRING = 8;
  static final int ARRAY = 9;
  private static final int UINT64 = 10;
  private static final int FLOAT64 = 12;

  /** The size of each type in bytes; of a string, the size of its length. */
  private static final int[] TYPE_BYTES = {1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8};

  /** An array that is not read yet: its element type, their number, the byte where they begin. */
  private record UnreadArray(int type, long count, long position) {}

  private final Path file;
  private final MemorySegment bytes;
  private final Map<String, Object> values = new HashMap<>();

  private GgufMetadata(Path file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  /** Reads {@code count} keys with their values. */
  static GgufMetadata read(Path file, MemorySegment bytes, GgufCursor cursor, long count) {
    GgufMetadata metadata = new GgufMetadata(file, bytes);
    for (long i = 0; i < count; i++) {
      String key = cursor.string("key " + i);
      Object value = value(cursor, key);
      if (metadata.values.putIfAbsent(key, value) != null) {
        throw Fault.in(file, "duplicate key " + key);
      }
    }
    return metadata;
  }

  private static Object value(GgufCursor cursor, String key) {
    int type = type(cursor, key);
    return type == ARRAY ? array(cursor, key) : scalar(cursor, key, type);
  }

  private static int type(GgufCursor cursor, String key) {
    int type = cursor.i32(key);
    if (type < 0 || type >= TYPE_BYTES.length) {
      throw cursor.fault(
          "%s: expected a value type from 0 to %d, found %s"
              .formatted(key, TYPE_BYTES.length - 1, Integer.toUnsignedString(type)));
    }
    return type;
  }

  private static Object scalar(GgufCursor cursor, String key, int type) {
    return switch (type) {
      case 0 -> cursor.i8(key) & 0xFFL;
      case 1 -> (long) cursor.i8(key);
      case 2 -> cursor.i16(key) & 0xFFFFL;
      case 3 -> (long) cursor.i16(key);
      case UINT32 -> cursor.i32(key) & 0xFFFFFFFFL;
      case INT32 -> (long) cursor.i32(key);
      // The shortest decimal of the float: 1e-5f becomes 1e-5.
      case FLOAT32 -> Double.parseDouble(Float.toString(Float.intBitsToFloat(cursor.i32(key))));
      case BOOL -> cursor.i8(key) != 0;
      case STRING -> cursor.string(key);
      case UINT64 -> {
        long value = cursor.i64(key);
        // A value of 2^63 or more becomes a Double; no key allows one.
        yield value < 0 ? (Object) Double.parseDouble(Long.toUnsignedString(value)) : value;
      }
      case FLOAT64 -> Double.longBitsToDouble(cursor.i64(key));
      default -> cursor.i64(key);
    };
  }

  private static UnreadArray array(GgufCursor cursor, String key) {
    int type = type(cursor, key);
    if (type == ARRAY) {
      throw cursor.fault(key + ": expected an array of plain values, found an array of arrays");
    }
    long count = cursor.count(key, TYPE_BYTES[type]);
    UnreadArray array = new UnreadArray(type, count, cursor.position());
    if (type == STRING) {
      for (long i = 0; i < count; i++) {
        cursor.skipString(key);
      }
    } else {
      cursor.skip(count * TYPE_BYTES[type], key);
    }
    return array;
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  String string(String key, String defaultValue) {
    Object value = values.getOrDefault(key, defaultValue);
    if (value instanceof String string) {
      return string;
    }
    throw expected(key, "a string", value);
  }

  boolean flag(String key, boolean defaultValue) {
    Object value = values.getOrDefault(key, defaultValue);
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw expected(key, "true or false", value);
  }

  /** The value of a required key, an integer from 0 to 2³¹ − 1. */
  int integer(String key) {
    Object value = values.get(key);
    if (value == null) {
      throw Fault.in(file, key + " is missing");
    }
    if (value instanceof Long n && n >= 0 && n <= Integer.MAX_VALUE) {
      return n.intValue();
    }
    throw expected(key, "an integer from 0 to " + Integer.MAX_VALUE, value);
  }

  /** The value of a required key, any number. */
  double number(String key) {
    Object value = values.get(key);
    if (value == null) {
      throw Fault.in(file, key + " is missing");
    }
    if (value instanceof Number n) {
      return n.doubleValue();
    }
    throw expected(key, "a number", value);
  }

  /**
   * Reads an array of strings; empty if the key is missing.
   *
   * @param maxCount a longer array is an error, before any string is read
   */
  Optional<List<String>> strings(String key, long maxCount) {
    if (!has(key)) {
      return Optional.empty();
    }
    UnreadArray array = array(key, STRING, "an array of strings", maxCount);
    GgufCursor cursor = new GgufCursor(file, bytes, array.position());
    List<String> out = new ArrayList<>();
    for (long i = 0; i < array.count(); i++) {
      out.add(cursor.string(key + ": " + i));
    }
    return Optional.of(out);
  }

  /** Reads an array of 32-bit integers; empty if the key is missing. */
  Optional<int[]> integers(String key, long maxCount) {
    if (!has(key)) {
      return Optional.empty();
    }
    UnreadArray array = array(key, INT32, "an array of 32-bit integers", maxCount);
    GgufCursor cursor = new GgufCursor(file, bytes, array.position());
    int[] out = new int[(int) array.count()];
    for (int i = 0; i < out.length; i++) {
      out[i] = cursor.i32(key);
    }
    return Optional.of(out);
  }

  private UnreadArray array(String key, int type, String what, long maxCount) {
    Object value = values.get(key);
    boolean fits =
        value instanceof UnreadArray a && (a.type() == type || type == INT32 && a.type() == UINT32);
    if (!fits) {
      throw expected(key, what, value);
    }
    UnreadArray array = (UnreadArray) value;
    if (array.count() > maxCount) {
      throw Fault.in(
          file, "%s: expected at most %d, found %d".formatted(key, maxCount, array.count()));
    }
    return array;
  }

  GptException expected(String key, String expected, Object found) {
    String text = found instanceof UnreadArray ? "an array" : String.valueOf(found);
    return Fault.in(file, key + ": expected " + expected + ", found " + text);
  }
}
