package gpt.checkpoint.huggingface;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import gpt.checkpoint.torch.TinyNanoGpt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** {@link TinyNanoGpt} as a Hugging Face folder whose header and data tests can change. */
public final class TinyHuggingFace {
  public final Path folder;
  public JsonObject config;
  public JsonObject header;
  public byte[] data;

  /** Writes the model into the subfolder {@code hf}. */
  public TinyHuggingFace(Path tmp) {
    folder = tmp.resolve("hf");
    try {
      Files.createDirectories(tmp.resolve("nano"));
      try (Checkpoint c = Checkpoint.open(new TinyNanoGpt().write(tmp.resolve("nano")))) {
        CheckpointWriter.write(c, folder);
      }
      config = JsonParser.parseString(Files.readString(file("config.json"))).getAsJsonObject();
      byte[] all = Files.readAllBytes(file("model.safetensors"));
      int length = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
      header =
          JsonParser.parseString(new String(all, 8, length, StandardCharsets.UTF_8))
              .getAsJsonObject();
      data = Arrays.copyOfRange(all, 8 + length, all.length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path file(String name) {
    return folder.resolve(name);
  }

  public JsonObject tensor(String key) {
    return header.getAsJsonObject(key);
  }

  public static JsonArray numbers(long... values) {
    JsonArray out = new JsonArray();
    for (long v : values) {
      out.add(v);
    }
    return out;
  }

  public Path write() throws IOException {
    return write(header.toString());
  }

  /** Writes the folder with this header. */
  public Path write(String text) throws IOException {
    Files.writeString(file("config.json"), config.toString());
    return writeFile("model.safetensors", text, data);
  }

  public Path writeFile(String name, String text, byte[] bytes) throws IOException {
    byte[] json = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer out =
        ByteBuffer.allocate(8 + json.length + bytes.length).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file(name), out.putLong(json.length).put(json).put(bytes).array());
    return folder;
  }

  /** Splits the file into two with an index and returns the index's weight_map. */
  public JsonObject shard() throws IOException {
    Files.deleteIfExists(file("model.safetensors"));
    JsonObject map = new JsonObject();
    List<String> keys = new ArrayList<>(header.keySet());
    keys.remove("__metadata__");
    for (int half = 0; half < 2; half++) {
      String name = "model-0000" + (half + 1) + "-of-00002.safetensors";
      JsonObject part = new JsonObject();
      ByteBuffer bytes = ByteBuffer.allocate(data.length);
      for (int i = half; i < keys.size(); i += 2) {
        JsonObject t = tensor(keys.get(i)).deepCopy();
        int begin = t.getAsJsonArray("data_offsets").get(0).getAsInt();
        int end = t.getAsJsonArray("data_offsets").get(1).getAsInt();
        t.add("data_offsets", numbers(bytes.position(), bytes.position() + end - begin));
        bytes.put(data, begin, end - begin);
        part.add(keys.get(i), t);
        map.addProperty(keys.get(i), name);
      }
      writeFile(name, part.toString(), Arrays.copyOf(bytes.array(), bytes.position()));
    }
    writeIndex(map);
    return map;
  }

  public void writeIndex(JsonObject map) throws IOException {
    JsonObject index = new JsonObject();
    index.add("weight_map", map);
    Files.writeString(file("model.safetensors.index.json"), index.toString());
  }
}
