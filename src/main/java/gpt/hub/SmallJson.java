package gpt.hub;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import gpt.GptException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;

/** JSON from the hub: its answers, and the small files of a model. */
final class SmallJson {
  /** Bytes; the largest index there is has a few megabytes. */
  static final int LARGEST = 64 << 20;

  private static final int MOST_SHARDS = 1000;

  private SmallJson() {}

  /**
   * The object in a text.
   *
   * @param where for the error
   * @throws GptException where it is none
   */
  static JsonObject object(String where, byte[] json) {
    try {
      JsonElement root = JsonParser.parseString(new String(json, StandardCharsets.UTF_8));
      if (root.isJsonObject()) {
        return root.getAsJsonObject();
      }
    } catch (JsonParseException | StackOverflowError e) {
      throw new GptException(where + ": not JSON", e);
    }
    throw new GptException(where + ": not a JSON object");
  }

  static JsonObject object(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw new GptException(file + ": is larger than " + LARGEST + " bytes");
      }
      return object(file.toString(), bytes);
    } catch (IOException e) {
      throw new GptException(file + ": cannot be read: " + Text.reason(e), e);
    }
  }

  /**
   * The files that an index of weights names, which must be its neighbours.
   *
   * @throws GptException where it names anything else, or too many
   */
  static Set<String> shards(Path index) {
    return shards(index.toString(), object(index));
  }

  static Set<String> shards(String index, JsonObject json) {
    JsonElement map = json.get("weight_map");
    if (map == null || !map.isJsonObject()) {
      throw new GptException(index + ": expected an object with a weight_map");
    }
    Set<String> names = new TreeSet<>();
    for (JsonElement value : map.getAsJsonObject().asMap().values()) {
      String name =
          value.isJsonPrimitive() && value.getAsJsonPrimitive().isString()
              ? value.getAsString()
              : "";
      if (!isShard(name)) {
        throw new GptException(
            index
                + ": weight_map: expected the name of a .safetensors file, found '"
                + Text.line(name)
                + "'");
      }
      names.add(name);
      if (names.size() > MOST_SHARDS) {
        throw new GptException(index + ": names more than " + MOST_SHARDS + " files");
      }
    }
    if (names.isEmpty()) {
      throw new GptException(index + ": names no files");
    }
    return names;
  }

  private static boolean isShard(String name) {
    return name.length() <= 200
        && name.matches("\\w[\\w.-]*\\.safetensors")
        && !name.contains("..");
  }
}
