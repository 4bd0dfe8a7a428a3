package gpt.checkpoint.vocabulary;

import com.google.gson.JsonObject;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.FileBytes;
import gpt.checkpoint.files.Json;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.BpeVocabulary.Kind;
import gpt.tokenizer.TokenizerRules;
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
 * Reads the BPE vocabulary in a Hugging Face folder: from {@code tokenizer.json} if there is one,
 * else from {@code vocab.json} (a JSON object of token to id) and {@code merges.txt} (two tokens a
 * line, in order of rank), with the files of {@link SpecialTokens}. A model that was trained from
 * scratch often has as many tokens as GPT-2, but different ones.
 */
public final class VocabularyFiles {
  static final String VOCABULARY = "vocab.json";
  static final String MERGES = "merges.txt";
  private static final String VERSION = "#version";

  /** SHA-256 of GPT-2's merges.txt, as OpenAI published it and most models copied it. */
  private static final String GPT2_MERGES =
      "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5";

  private VocabularyFiles() {}

  /**
   * Reads the vocabulary of a folder. Empty if it has none, or GPT-2's own, which {@link
   * Tokenizers} derives from the vocabulary size.
   *
   * @param vocabSize rows of the model's token embedding
   * @throws gpt.GptException if the files are damaged, or have an id that is not below {@code
   *     vocabSize}
   */
  public static Optional<BpeVocabulary> read(Path folder, int vocabSize) throws IOException {
    Path json = folder.resolve(TokenizerJson.FILE);
    if (Files.isRegularFile(json)) {
      return Optional.of(TokenizerJson.read(json, new SpecialTokens(folder), vocabSize));
    }
    Path merges = folder.resolve(MERGES);
    Path vocabulary = folder.resolve(VOCABULARY);
    if (!Files.isRegularFile(merges) || !Files.isRegularFile(vocabulary)) {
      return Optional.empty();
    }
    SpecialTokens specials = new SpecialTokens(folder);
    byte[] bytes = FileBytes.readAll(merges);
    if (Tokenizers.isGpt2Size(vocabSize)
        && sha256(bytes).equals(GPT2_MERGES)
        && specials.isGpt2()) {
      return Optional.empty();
    }
    return Optional.of(bpe(vocabulary, merges(merges, bytes), specials, vocabSize));
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java platform has SHA-256
    }
  }

  private static List<String> merges(Path file, byte[] bytes) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw Fault.in(file, "is not UTF-8", e);
    }
    // Not lines(), which splits at U+0085 and other characters that a token may contain.
    return List.of(text.split("\r?\n")).stream()
        .filter(line -> !line.isEmpty() && !line.startsWith(VERSION))
        .toList();
  }

  private static BpeVocabulary bpe(
      Path file, List<String> merges, SpecialTokens specials, int vocabSize) {
    VocabularyBuilder vocabulary = new VocabularyBuilder(vocabSize);
    if (!(Json.read(file) instanceof JsonObject all)) {
      throw Fault.in(file, "expected a JSON object of tokens and ids");
    }
    all.asMap().forEach((token, id) -> vocabulary.put(file, token, id, Kind.NORMAL));
    specials.addTo(vocabulary);
    TokenizerRules rules =
        new TokenizerRules(
            specials.prefixSpace(false), true, List.of(), OptionalInt.empty(), Map.of());
    return vocabulary.build(merges, specials.bosId(vocabulary), specials.eosId(vocabulary), rules);
  }
}
