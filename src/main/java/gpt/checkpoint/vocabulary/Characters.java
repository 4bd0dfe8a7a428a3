package gpt.checkpoint.vocabulary;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads and writes the vocabulary of a character-level model: index = id, one code point each. */
public final class Characters {
  /** The name of the file in a Hugging Face folder. */
  public static final String FILE = "characters.json";

  /** A vocab_size may be padded to a multiple of this. */
  private static final int PADDING = 64;

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private Characters() {}

  /** Reads {@code characters.json}, an array of strings. Empty if the file does not exist. */
  public static Optional<List<String>> fromJson(Path file, int vocabSize) {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonElement json = Json.read(file);
    if (!json.isJsonArray()) {
      throw Fault.in(file, "expected a JSON array of characters");
    }
    List<Object> characters = new ArrayList<>();
    for (JsonElement e : json.getAsJsonArray()) {
      boolean text = e.isJsonPrimitive() && e.getAsJsonPrimitive().isString();
      characters.add(text ? e.getAsString() : null);
    }
    return Optional.of(checked(file, characters, vocabSize));
  }

  /** The content of a {@code characters.json}, with a line feed at its end. */
  public static String toJson(List<String> characters) {
    return GSON.toJson(characters) + "\n";
  }

  /**
   * Checks that each entry is one code point, that all are distinct, and that their number fits the
   * model.
   *
   * @throws GptException if not
   */
  public static List<String> checked(Path file, List<Object> found, int vocabSize) {
    if (found.size() > vocabSize) {
      throw wrongSize(file, "at most " + vocabSize, found.size());
    }
    List<String> out = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    for (int id = 0; id < found.size(); id++) {
      if (!(found.get(id) instanceof String c)
          || c.isEmpty()
          || c.codePointCount(0, c.length()) != 1) {
        throw Fault.in(file, "id " + id + ": expected one character, found something else");
      }
      if (!seen.add(c)) {
        throw Fault.in(
            file, "id " + id + ": expected distinct characters, found '" + c + "' again");
      }
      out.add(c);
    }
    boolean padded = vocabSize % PADDING == 0 && vocabSize - found.size() < PADDING;
    if (found.size() < vocabSize && !padded) {
      throw wrongSize(file, String.valueOf(vocabSize), found.size());
    }
    return List.copyOf(out);
  }

  private static GptException wrongSize(Path file, String expected, int found) {
    return Fault.in(
        file,
        ("the vocabulary does not fit the model: expected %s characters (vocab_size),"
                + " found %s; use the file that belongs to the model")
            .formatted(expected, found));
  }
}
