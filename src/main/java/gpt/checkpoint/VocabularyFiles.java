package gpt.checkpoint;

import com.google.gson.JsonObject;
import gpt.tokenizer.BytePairs;
import gpt.tokenizer.BytePairs.Kind;
import gpt.tokenizer.TextRules;
import gpt.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The tokenizer's files beside a Hugging Face GPT-2: {@code tokenizer.json}, which comes first, or
 * {@code vocab.json}, an object of token to id, and {@code merges.txt}, two tokens a line, the
 * first to be joined first; and those of {@link SpecialTokens}. A model that was trained from
 * scratch often has GPT-2's number of tokens and other ones.
 */
final class VocabularyFiles {
  static final String VOCABULARY = "vocab.json";
  static final String MERGES = "merges.txt";
  private static final String VERSION = "#version";

  /** SHA-256 of GPT-2's merges as OpenAI published them, by which most models' are known. */
  private static final String GPT2_MERGES =
      "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5";

  private VocabularyFiles() {}

  /**
   * The vocabulary in a folder; empty where it has none, or GPT-2's own, which is told by the
   * model's size.
   *
   * @param vocabSize rows of the model's token embedding
   * @throws gpt.GptException where the files are damaged, or have more tokens than the model
   */
  static Optional<BytePairs> read(Path folder, int vocabSize) throws IOException {
    Path whole = folder.resolve(TokenizerJson.FILE);
    if (Files.isRegularFile(whole)) {
      return Optional.of(TokenizerJson.read(whole, SpecialTokens.read(folder), vocabSize));
    }
    Path merges = folder.resolve(MERGES);
    Path vocabulary = folder.resolve(VOCABULARY);
    if (!Files.isRegularFile(merges) || !Files.isRegularFile(vocabulary)) {
      return Optional.empty();
    }
    SpecialTokens specials = SpecialTokens.read(folder);
    byte[] bytes = FileBytes.small(merges);
    if (Tokenizers.isGpt2Size(vocabSize)
        && sha256(bytes).equals(GPT2_MERGES)
        && specials.areGpt2s()) {
      return Optional.empty();
    }
    return Optional.of(pairs(vocabulary, merges(merges, bytes), specials, vocabSize));
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

  private static BytePairs pairs(
      Path file, List<String> merges, SpecialTokens specials, int vocabSize) {
    VocabularyBuilder vocabulary = new VocabularyBuilder(vocabSize);
    if (!(Json.read(file) instanceof JsonObject all)) {
      throw Fault.in(file, "expected an object of tokens and ids");
    }
    all.asMap().forEach((token, id) -> vocabulary.put(file, token, id, Kind.NORMAL));
    specials.addTo(vocabulary);
    TextRules rules =
        new TextRules(specials.prefixSpace(false), true, List.of(), OptionalInt.empty(), Map.of());
    return vocabulary.build(merges, specials.begin(vocabulary), specials.end(vocabulary), rules);
  }
}
