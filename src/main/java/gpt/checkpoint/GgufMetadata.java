package gpt.checkpoint;

import gpt.GptException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The keys and values of a GGUF file. Numbers are Long or Double, and an array stays in the file
 * until it is asked for.
 */
final class GgufMetadata {
  /** Numbers of the types, as the format has them. */
  static final int UINT32 = 4;

  static final int INT32 = 5;
  static final int FLOAT32 = 6;
  static final int BOOL = 7;
  static final int STRING = 8;
  static final int ARRAY = 9;
  private static final int UINT64 = 10;
  private static final int FLOAT64 = 12;

  /** Bytes of each type; of a string at least, for its length. */
  private static final int[] BYTES = {1, 1, 2, 2, 4, 4, 4, 1, 8, 0, 8, 8, 8};

  /** An array in the file: the number of its elements' type, their count, where they begin. */
  private record Elements(int type, long count, long at) {}

  private final Path file;
  private final MemorySegment bytes;
  private final Map<String, Object> values = new HashMap<>();

  private GgufMetadata(Path file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  /** Reads so many keys, each with its value. */
  static GgufMetadata read(Path file, MemorySegment bytes, GgufCursor cursor, long count) {
    GgufMetadata metadata = new GgufMetadata(file, bytes);
    for (long i = 0; i < count; i++) {
      String key = cursor.string("key " + i);
      Object value = value(cursor, key);
      if (metadata.values.putIfAbsent(key, value) != null) {
        throw Fault.in(file, "key " + key + " stands in it twice");
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
    if (type < 0 || type >= BYTES.length) {
      throw cursor.fault(key + ": unknown type of value " + Integer.toUnsignedString(type));
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
      // 1e-5f is meant to be 1e-5.
      case FLOAT32 -> Double.parseDouble(Float.toString(Float.intBitsToFloat(cursor.i32(key))));
      case BOOL -> cursor.i8(key) != 0;
      case STRING -> cursor.string(key);
      case UINT64 -> {
        long value = cursor.i64(key);
        // Beyond a long is beyond all that is asked for.
        yield value < 0 ? (Object) Double.parseDouble(Long.toUnsignedString(value)) : value;
      }
      case FLOAT64 -> Double.longBitsToDouble(cursor.i64(key));
      default -> cursor.i64(key);
    };
  }

  private static Elements array(GgufCursor cursor, String key) {
    int type = type(cursor, key);
    if (type == ARRAY) {
      throw cursor.fault(key + ": an array of arrays");
    }
    long count = cursor.count(key, BYTES[type]);
    Elements elements = new Elements(type, count, cursor.at());
    if (type == STRING) {
      for (long i = 0; i < count; i++) {
        cursor.skipString(key);
      }
    } else {
      cursor.skip(count * BYTES[type], key);
    }
    return elements;
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  String string(String key, String otherwise) {
    Object value = values.getOrDefault(key, otherwise);
    if (value instanceof String text) {
      return text;
    }
    throw expected(key, "a text", value);
  }

  boolean flag(String key, boolean otherwise) {
    Object value = values.getOrDefault(key, otherwise);
    if (value instanceof Boolean flag) {
      return flag;
    }
    throw expected(key, "true or false", value);
  }

  /** A number from 0 to 2³¹ − 1 that must be there. */
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
   * The texts of an array, empty where there is no such key.
   *
   * @param most more are refused before any is read
   */
  Optional<List<String>> strings(String key, long most) {
    if (!has(key)) {
      return Optional.empty();
    }
    Elements array = elements(key, STRING, "an array of texts", most);
    GgufCursor cursor = new GgufCursor(file, bytes, array.at());
    List<String> out = new ArrayList<>();
    for (long i = 0; i < array.count(); i++) {
      out.add(cursor.string(key + ": " + i));
    }
    return Optional.of(out);
  }

  /** The numbers of an array of 32 bits each, empty where there is no such key. */
  Optional<int[]> integers(String key, long most) {
    if (!has(key)) {
      return Optional.empty();
    }
    Elements array = elements(key, INT32, "an array of 32-bit integers", most);
    GgufCursor cursor = new GgufCursor(file, bytes, array.at());
    int[] out = new int[(int) array.count()];
    for (int i = 0; i < out.length; i++) {
      out[i] = cursor.i32(key);
    }
    return Optional.of(out);
  }

  private Elements elements(String key, int type, String what, long most) {
    Object value = values.get(key);
    boolean fits =
        value instanceof Elements e && (e.type() == type || e.type() + 1 == type && type == INT32);
    if (!fits) {
      throw expected(key, what, value);
    }
    Elements array = (Elements) value;
    if (array.count() > most) {
      throw Fault.in(file, "%s: expected at most %d, found %d".formatted(key, most, array.count()));
    }
    return array;
  }

  GptException expected(String key, String expected, Object found) {
    String text = found instanceof Elements ? "an array" : String.valueOf(found);
    return Fault.in(file, key + ": expected " + expected + ", found " + text);
  }
}
