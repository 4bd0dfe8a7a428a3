package gpt.server.api;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads a request's JSON value by value: strict JSON in UTF-8, no unknown and no repeated option,
 * no value of another type. It builds no tree, so memory is proportional to the body.
 */
public final class BodyReader {
  private static final int MAX_NUMBER = 40;

  private final JsonReader json;

  /** Reads the value of an option of an object. */
  @FunctionalInterface
  public interface Option {
    /** Reads the value; the option is one of the object's known ones, and not null. */
    void read(String name) throws IOException;
  }

  /** Reads a value. */
  @FunctionalInterface
  public interface Value {
    /** Reads it. */
    void read() throws IOException;
  }

  private BodyReader(byte[] body) {
    json = Json.reader(body);
  }

  /** Reads a whole body. */
  @FunctionalInterface
  public interface Parser<T> {
    /** Reads the body's value. */
    T read(BodyReader body) throws IOException;
  }

  /**
   * Reads a whole body.
   *
   * @throws ApiException if it is not JSON, or not what the parser expects
   */
  public static <T> T read(byte[] body, Parser<T> parser) {
    BodyReader reader = new BodyReader(body);
    try {
      T value = parser.read(reader);
      if (reader.json.peek() != JsonToken.END_DOCUMENT) {
        throw notJson("found more after the object");
      }
      return value;
    } catch (CharacterCodingException e) {
      throw notJson("it is not valid UTF-8");
    } catch (EOFException e) {
      throw notJson(body.length == 0 ? "it is empty" : "it ends too early");
    } catch (MalformedJsonException e) {
      throw notJson(reason(e));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // nothing else can fail in memory
    } catch (IllegalStateException | NumberFormatException e) {
      throw notJson(reason(e));
    }
  }

  private static ApiException notJson(String why) {
    return ApiException.invalid(null, "the body must be one JSON object: " + why);
  }

  /** Gson's message without its advice on its own API. */
  private static String reason(Exception e) {
    return String.valueOf(e.getMessage())
        .lines()
        .findFirst()
        .orElse("malformed JSON")
        .replaceFirst("Use JsonReader\\.setStrictness\\([^)]*\\) to accept m", "M");
  }

  /** The names of options: others' and more. */
  public static Set<String> names(Set<String> others, String... more) {
    Set<String> names = new HashSet<>(others);
    names.addAll(List.of(more));
    return Set.copyOf(names);
  }

  // Objects and arrays.

  /**
   * Reads an object. Options that are null count as absent.
   *
   * @param prefix what stands before an option's name in errors
   * @param known the options that are understood
   */
  public void object(String prefix, Set<String> known, Option option) throws IOException {
    expect(JsonToken.BEGIN_OBJECT, prefix, "an object");
    String before = prefix == null ? "" : prefix + ".";
    Set<String> seen = new HashSet<>();
    json.beginObject();
    while (json.hasNext()) {
      String name = json.nextName();
      String param = before + name;
      if (!known.contains(name)) {
        throw ApiException.invalid(param, "there is no option '" + param + "'; remove it");
      }
      if (!seen.add(name)) {
        throw ApiException.invalid(param, param + " is given twice");
      }
      if (json.peek() == JsonToken.NULL) {
        json.nextNull();
      } else {
        option.read(name);
      }
    }
    json.endObject();
  }

  /** Reads an object with any names, such as token ids. */
  void map(String param, Option entry) throws IOException {
    expect(JsonToken.BEGIN_OBJECT, param, "an object");
    json.beginObject();
    while (json.hasNext()) {
      entry.read(json.nextName());
    }
    json.endObject();
  }

  /** Reads an array of at most {@code max} elements. */
  public void array(String param, int max, Value element) throws IOException {
    expect(JsonToken.BEGIN_ARRAY, param, "an array");
    json.beginArray();
    for (int i = 0; json.hasNext(); i++) {
      if (i == max) {
        throw ApiException.invalid(param, param + " has more than " + max + " elements");
      }
      element.read();
    }
    json.endArray();
  }

  /** The type of the next value. */
  JsonToken peek() throws IOException {
    return json.peek();
  }

  private void expect(JsonToken type, String param, String what) throws IOException {
    JsonToken found = json.peek();
    if (found != type) {
      throw param == null
          ? notJson("found " + name(found))
          : ApiException.invalid(param, param + " must be " + what + ", found " + name(found));
    }
  }

  static String name(JsonToken type) {
    return switch (type) {
      case BEGIN_ARRAY -> "an array";
      case BEGIN_OBJECT -> "an object";
      case STRING -> "a string";
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case NULL -> "null";
      default -> "nothing";
    };
  }

  // Values.

  /** True or false. */
  public boolean flag(String param) throws IOException {
    expect(JsonToken.BOOLEAN, param, "true or false");
    return json.nextBoolean();
  }

  /** A string; the parser refuses half a surrogate pair. */
  public String text(String param) throws IOException {
    expect(JsonToken.STRING, param, "a string");
    return json.nextString();
  }

  /** A string or an array of strings. */
  List<String> texts(String param, int max) throws IOException {
    List<String> texts = new ArrayList<>();
    if (json.peek() == JsonToken.STRING) {
      texts.add(text(param));
    } else {
      expect(JsonToken.BEGIN_ARRAY, param, "a string or an array of strings");
      array(param, max, () -> texts.add(text(param)));
    }
    return texts;
  }

  /** An array of token ids. */
  public int[] ids(String param) throws IOException {
    Ids ids = new Ids();
    array(param, Integer.MAX_VALUE, () -> ids.add(id(param)));
    return ids.array();
  }

  /** A token id of some model. */
  public int id(String param) throws IOException {
    return whole(param, 0, Integer.MAX_VALUE);
  }

  /** A growing list of ids. */
  static final class Ids {
    private int[] ids = new int[64];
    private int size;

    void add(int id) {
      if (size == ids.length) {
        ids = Arrays.copyOf(ids, 2 * size);
      }
      ids[size++] = id;
    }

    boolean isEmpty() {
      return size == 0;
    }

    int[] array() {
      return Arrays.copyOf(ids, size);
    }
  }

  /** A whole number in a range. */
  public int whole(String param, int min, int max) throws IOException {
    return (int) whole(param, (long) min, max);
  }

  /** A whole number in a range. */
  public long whole(String param, long min, long max) throws IOException {
    String what =
        max == Integer.MAX_VALUE || max == Long.MAX_VALUE
            ? "a whole number" + (min == max || min < 0 ? "" : ", " + min + " or more")
            : "a whole number from " + min + " to " + max;
    expect(JsonToken.NUMBER, param, what);
    String digits = json.nextString();
    try {
      long value =
          digits.length() > MAX_NUMBER ? Long.MIN_VALUE : new BigDecimal(digits).longValueExact();
      if (value >= min && value <= max && digits.length() <= MAX_NUMBER) {
        return value;
      }
    } catch (ArithmeticException | NumberFormatException e) {
      // Not a whole number, or too large: the error below.
    }
    throw ApiException.invalid(param, param + " must be " + what + ", found " + digits);
  }

  /** A number in a range; {@code open} excludes the minimum. */
  public double real(String param, double min, boolean open, double max) throws IOException {
    String what =
        open
            ? "a number above " + shown(min) + " and at most " + shown(max)
            : "a number from " + shown(min) + " to " + shown(max);
    expect(JsonToken.NUMBER, param, what);
    String digits = json.nextString();
    double value = Double.parseDouble(digits);
    if ((open ? value > min : value >= min) && value <= max) {
      return value;
    }
    throw ApiException.invalid(param, param + " must be " + what + ", found " + digits);
  }

  private static String shown(double value) {
    return value == Math.rint(value) ? String.valueOf((long) value) : String.valueOf(value);
  }
}
