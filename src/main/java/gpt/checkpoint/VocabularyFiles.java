package gpt.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gpt.tokenizer.BytePairs;
import gpt.tokenizer.BytePairs.Kind;
import gpt.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The tokenizer's files beside a Hugging Face GPT-2: {@code vocab.json}, an object of token to id,
 * and {@code merges.txt}, two tokens a line, the first to be joined first. A model that was trained
 * from scratch often has GPT-2's number of tokens and other ones.
 */
final class VocabularyFiles {
  static final String VOCABULARY = "vocab.json";
  static final String MERGES = "merges.txt";
  private static final String ADDED = "added_tokens.json";
  private static final String SPECIAL = "<|endoftext|>";
  private static final String VERSION = "#version";

  /** SHA-256 of GPT-2's merges as OpenAI published them, by which most models' are known. */
  private static final String GPT2_MERGES =
      "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5";

  private final Path folder;
  private final int vocabSize;
  private final List<String> tokens = new ArrayList<>();
  private final List<Kind> kinds = new ArrayList<>();

  private VocabularyFiles(Path folder, int vocabSize) {
    this.folder = folder;
    this.vocabSize = vocabSize;
  }

  /**
   * The vocabulary in a folder; empty where it has none, or GPT-2's own, which is told by the
   * model's size.
   *
   * @param vocabSize rows of the model's token embedding
   * @throws gpt.model.GptException where the files are damaged, or have more tokens than the model
   */
  static Optional<BytePairs> read(Path folder, int vocabSize) throws IOException {
    Path merges = folder.resolve(MERGES);
    if (!Files.isRegularFile(merges) || !Files.isRegularFile(folder.resolve(VOCABULARY))) {
      return Optional.empty();
    }
    byte[] bytes = FileBytes.small(merges);
    if (Tokenizers.isGpt2Size(vocabSize) && sha256(bytes).equals(GPT2_MERGES)) {
      return Optional.empty();
    }
    return Optional.of(new VocabularyFiles(folder, vocabSize).pairs(merges(merges, bytes)));
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java has it
    }
  }

  private static List<String> merges(Path file, byte[] bytes) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw Fault.in(file, "is not UTF-8", e);
    }
    // Not lines(): U+0085 and others may stand in a token.
    return List.of(text.split("\r?\n")).stream()
        .filter(line -> !line.isEmpty() && !line.startsWith(VERSION))
        .toList();
  }

  private BytePairs pairs(List<String> merges) {
    addAll(VOCABULARY, Kind.NORMAL);
    if (Files.isRegularFile(folder.resolve(ADDED))) {
      addAll(ADDED, Kind.CONTROL);
    }
    int end = tokens.indexOf(SPECIAL);
    OptionalInt ends = end < 0 ? OptionalInt.empty() : OptionalInt.of(end);
    if (end >= 0) {
      kinds.set(end, Kind.CONTROL);
    }
    for (int id = 0; id < tokens.size(); id++) {
      if (tokens.get(id) == null) {
        tokens.set(id, "[PAD" + id + "]");
        kinds.set(id, Kind.UNUSED);
      }
    }
    return new BytePairs(tokens, kinds, merges, ends, ends);
  }

  private void addAll(String name, Kind kind) {
    Path file = folder.resolve(name);
    if (!(Json.read(file) instanceof JsonObject all)) {
      throw Fault.in(file, "expected an object of tokens and ids");
    }
    for (Map.Entry<String, JsonElement> e : all.entrySet()) {
      int id = id(file, e.getKey(), e.getValue());
      while (tokens.size() <= id) {
        tokens.add(null);
        kinds.add(kind);
      }
      String other = tokens.get(id);
      if (other != null && !other.equals(e.getKey())) {
        throw Fault.in(
            file, "token '" + e.getKey() + "': its id, " + id + ", is that of '" + other + "' too");
      }
      tokens.set(id, e.getKey());
      kinds.set(id, kind);
    }
  }

  private int id(Path file, String token, JsonElement value) {
    String text = value.isJsonPrimitive() ? value.getAsString() : "";
    // A number of at most nine digits is an int.
    int id = text.matches("\\d{1,9}") ? Integer.parseInt(text) : -1;
    if (id < 0 || id >= vocabSize) {
      throw Fault.in(
          file,
          "token '%s': expected an id from 0 to %d, found %s"
              .formatted(token, vocabSize - 1, text.isEmpty() ? "none" : text));
    }
    return id;
  }
}
