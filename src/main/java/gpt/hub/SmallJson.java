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

/** Parses the hub's JSON responses and a model's small JSON files. */
final class SmallJson {
  /** Far above the largest known index file, which has a few megabytes. */
  static final int MAX_BYTES = 64 << 20;

  private static final int MAX_SHARDS = 1000;

  private SmallJson() {}

  /**
   * Parses a JSON object.
   *
   * @param where the source, for errors
   * @throws GptException if it is not a JSON object
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
      byte[] bytes = in.readNBytes(MAX_BYTES + 1);
      if (bytes.length > MAX_BYTES) {
        throw new GptException(file + ": larger than " + MAX_BYTES + " bytes");
      }
      return object(file.toString(), bytes);
    } catch (IOException e) {
      throw new GptException(file + ": cannot read it: " + Text.reason(e), e);
    }
  }

  /**
   * The safetensors files that a weights index lists, all in the index's own folder.
   *
   * @throws GptException if it lists anything else, nothing, or too many files
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
      if (names.size() > MAX_SHARDS) {
        throw new GptException(index + ": lists more than " + MAX_SHARDS + " files");
      }
    }
    if (names.isEmpty()) {
      throw new GptException(index + ": lists no files");
    }
    return names;
  }

  private static boolean isShard(String name) {
    return name.length() <= 200
        && name.matches("\\w[\\w.-]*\\.safetensors")
        && !name.contains("..");
  }
}
