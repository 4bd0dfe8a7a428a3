package gpt.checkpoint.files;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads the small JSON files of a model. */
public final class Json {
  private Json() {}

  /** A reader of standard JSON in UTF-8, without gson's extensions. */
  public static JsonReader strict(byte[] json) {
    JsonReader reader =
        new JsonReader(
            new InputStreamReader(
                new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder()));
    reader.setStrictness(Strictness.STRICT);
    return reader;
  }

  /** Reads a JSON file. */
  public static JsonElement read(Path file) {
    FileBytes.checkRegular(file);
    try {
      return parse(file, FileBytes.readAll(file));
    } catch (IOException e) {
      throw Fault.in(file, "not JSON: " + reason(e), e);
    }
  }

  /** Parses a JSON object that is part of a file. */
  public static JsonObject object(Path where, String text) {
    if (parse(where, text.getBytes(StandardCharsets.UTF_8)) instanceof JsonObject object) {
      return object;
    }
    throw Fault.in(where, "expected a JSON object");
  }

  private static JsonElement parse(Path file, byte[] bytes) {
    try {
      JsonReader reader = strict(bytes);
      JsonElement root = JsonParser.parseReader(reader);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw Fault.in(file, "not JSON: expected one value, found more after it");
      }
      return root;
    } catch (IOException | JsonParseException e) {
      throw Fault.in(file, "not JSON: " + reason(e), e);
    }
  }

  /** The parser's message without its advice on gson's API. */
  public static String reason(Throwable t) {
    Throwable first = t instanceof JsonParseException && t.getCause() != null ? t.getCause() : t;
    return Fault.reason(first)
        .replace(
            "Use JsonReader.setStrictness(Strictness.LENIENT) to accept malformed", "malformed");
  }
}
