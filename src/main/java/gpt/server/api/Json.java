package gpt.server.api;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** JSON as the server reads and writes it: strict, with null for absent values. */
public final class Json {
  private static final Gson GSON =
      new GsonBuilder()
          .disableHtmlEscaping()
          .serializeNulls()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .create();

  private Json() {}

  /** The value as JSON; a record becomes an object with names in snake case. */
  public static JsonElement tree(Object value) {
    return GSON.toJsonTree(value);
  }

  /** The value without a line end. */
  public static String text(JsonElement value) {
    return GSON.toJson(value);
  }

  /** A reader of a body. */
  static JsonReader reader(byte[] body) {
    JsonReader json =
        new JsonReader(
            new InputStreamReader(
                new ByteArrayInputStream(body), StandardCharsets.UTF_8.newDecoder()));
    json.setStrictness(Strictness.STRICT);
    json.setNestingLimit(ApiLimits.MAX_DEPTH);
    return json;
  }
}
