package gpt.cli.output;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;

/** JSON as the commands print it: an object a line, absent values as null, text as it is. */
public final class Json {
  private static final Gson GSON =
      new GsonBuilder().disableHtmlEscaping().serializeNulls().create();

  private Json() {}

  public static JsonElement tree(Object value) {
    return GSON.toJsonTree(value);
  }

  public static String line(JsonElement value) {
    return GSON.toJson(value) + "\n";
  }
}
