package gpt.checkpoint;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import gpt.GptException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The vocabulary of a character model: index = id, one code point each. */
final class Characters {
  static final String FILE = "characters.json";

  /** A model's rows may be padded to a multiple of it. */
  private static final int PADDING = 64;

  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  private Characters() {}

  /**
   * nanoGPT's {@code meta.pkl}: a dict whose {@code itos} maps ids to characters. Empty where the
   * file is not there, or has no {@code itos} (as those of byte-pair data sets).
   *
   * @throws GptException where it holds anything but plain values, or does not fit the model
   */
  static Optional<List<String>> fromMetaPickle(Path file, int vocabSize) throws IOException {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    if (!(CheckpointUnpickler.load(file, FileBytes.small(file)) instanceof Map<?, ?> meta
        && meta.get("itos") instanceof Map<?, ?> itos)) {
      return Optional.empty();
    }
    List<Object> characters = new ArrayList<>();
    for (int id = 0; id < itos.size(); id++) {
      if (!itos.containsKey(id)) {
        throw Fault.in(file, "itos: " + itos.size() + " characters, but none has id " + id);
      }
      characters.add(itos.get(id));
    }
    return Optional.of(checked(file, characters, vocabSize));
  }

  /** {@code characters.json}: an array of strings. Empty where the file is not there. */
  static Optional<List<String>> fromJson(Path file, int vocabSize) {
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

  /** The JSON array that {@link #fromJson} reads, with a line break at its end. */
  static String toJson(List<String> characters) {
    return GSON.toJson(characters) + "\n";
  }

  /** Characters that some file brings, once they are as many as the model has rows. */
  static List<String> checked(Path file, List<Object> found, int vocabSize) {
    if (found.size() > vocabSize) {
      throw unfit(file, "at most " + vocabSize, found.size());
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
        throw Fault.in(file, "id " + id + ": the character '" + c + "' has an id already");
      }
      out.add(c);
    }
    boolean padded = vocabSize % PADDING == 0 && vocabSize - found.size() < PADDING;
    if (found.size() < vocabSize && !padded) {
      throw unfit(file, String.valueOf(vocabSize), found.size());
    }
    return List.copyOf(out);
  }

  private static GptException unfit(Path file, String expected, int found) {
    return Fault.in(
        file,
        "the vocabulary does not fit the model: expected "
            + expected
            + " characters (vocab_size), found "
            + found
            + "; take the file that belongs to the model");
  }
}
