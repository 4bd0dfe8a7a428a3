package gpt.cli.output;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gpt.engine.Engine;

/** JSON as the commands print it: one object per line, null for absent values, no HTML escapes. */
public final class Json {
  private static final Gson GSON =
      new GsonBuilder().disableHtmlEscaping().serializeNulls().create();

  private Json() {}

  /** The value as JSON. */
  public static JsonElement tree(Object value) {
    return GSON.toJsonTree(value);
  }

  /** The object on one line, with the engine's device and precision at its end. */
  public static String line(JsonObject object, Engine engine) {
    object.addProperty("device", engine.device());
    object.addProperty("dtype", engine.dtype());
    return line(object);
  }

  /** The value on one line. */
  public static String line(JsonElement value) {
    return GSON.toJson(value) + "\n";
  }
}
