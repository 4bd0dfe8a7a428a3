package gpt.checkpoint;

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

/** The small JSON files beside the weights. */
final class Json {
  private Json() {}

  /** A reader that takes JSON as the standard has it, and UTF-8 only. */
  static JsonReader strict(byte[] json) {
    JsonReader reader =
        new JsonReader(
            new InputStreamReader(
                new ByteArrayInputStream(json), StandardCharsets.UTF_8.newDecoder()));
    reader.setStrictness(Strictness.STRICT);
    return reader;
  }

  /** The content of a file. */
  static JsonElement read(Path file) {
    FileBytes.checkRegular(file);
    try {
      return parse(file, FileBytes.small(file));
    } catch (IOException e) {
      throw Fault.in(file, "not JSON: " + reason(e), e);
    }
  }

  /** An object in a text that stands somewhere in a file. */
  static JsonObject object(Path where, String text) {
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
        throw Fault.in(file, "not JSON: something follows its first value");
      }
      return root;
    } catch (IOException | JsonParseException e) {
      throw Fault.in(file, "not JSON: " + reason(e), e);
    }
  }

  /** Where the parser stopped, without its advice to programmers. */
  static String reason(Throwable t) {
    Throwable first = t instanceof JsonParseException && t.getCause() != null ? t.getCause() : t;
    return Fault.reason(first)
        .replace(
            "Use JsonReader.setStrictness(Strictness.LENIENT) to accept malformed", "malformed");
  }
}
