package gpt.checkpoint.vocabulary;

import static gpt.checkpoint.Faults.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.fuzz.FuzzSeeds;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.Gpt2Tokenizer;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads Hugging Face's tokenizer.json and the other tokenizer files in its folder. */
class TokenizerJsonTest {
  private static final Path GOLDEN = Path.of("src/test/resources/tokenizers");
  private static final int ROWS = 16;

  @TempDir Path tmp;

  private Tokenizer tokenizer(Path folder, int rows) throws IOException {
    Optional<BpeVocabulary> pairs = VocabularyFiles.read(folder, rows);
    return Tokenizers.forModel(Optional.empty(), pairs, rows).orElseThrow();
  }

  private void write(String name, JsonElement json) throws IOException {
    Files.writeString(tmp.resolve(name), json.toString());
  }

  private static JsonObject small() {
    return JsonParser.parseString(FuzzSeeds.TOKENIZER).getAsJsonObject();
  }

  /** Ids and decoded texts of transformers. */
  @ParameterizedTest
  @ValueSource(strings = {"special", "gpt2-prefix-space", "added", "nfc", "no-pattern"})
  void encodesAndDecodesLikeTransformers(String name) throws IOException {
    Path folder = GOLDEN.resolve(name);
    Tokenizer tokenizer = tokenizer(folder, 384);
    String cases = Files.readString(folder.resolve("cases.json"));
    for (JsonElement each : JsonParser.parseString(cases).getAsJsonArray()) {
      JsonObject one = each.getAsJsonObject();
      String text = one.get("text").getAsString();
      int[] ids = new Gson().fromJson(one.get("ids"), int[].class);
      assertArrayEquals(ids, tokenizer.encode(text), text);
      String expected = one.get("decoded").getAsString();
      if (expected.contains("\ufffd")) {
        continue; // transformers decodes non-ASCII letters of an added token with GPT-2's byte
        // alphabet
      }
      ByteArrayOutputStream decoded = new ByteArrayOutputStream();
      for (int id : ids) {
        decoded.writeBytes(tokenizer.decode(id));
      }
      assertEquals(expected, decoded.toString(StandardCharsets.UTF_8));
    }
  }

  /** A GGUF file contains the rules in this form. */
  @ParameterizedTest
  @ValueSource(strings = {"special", "gpt2-prefix-space", "added", "nfc", "no-pattern"})
  void rulesAreReadBackFromJson(String name) throws IOException {
    BpeVocabulary pairs = VocabularyFiles.read(GOLDEN.resolve(name), 384).orElseThrow();
    Path file = Path.of("x.gguf");
    String text = TokenizerRulesJson.toJson(pairs.rules());
    assertEquals(pairs.rules(), TokenizerRulesJson.fromJson(file, "key", text));
    assertEquals(text, TokenizerRulesJson.toJson(TokenizerRulesJson.fromJson(file, "key", text)));
  }

  @Test
  void takesPrecedenceOverVocabAndMerges() throws IOException {
    write(TokenizerJson.FILE, small());
    Files.writeString(tmp.resolve(VocabularyFiles.VOCABULARY), "{\"x\":0}");
    Files.writeString(tmp.resolve(VocabularyFiles.MERGES), "");
    assertArrayEquals(new int[] {2, 4}, tokenizer(tmp, ROWS).encode("ab<s>"));
  }

  /** A vocabulary of GPT-2's size is GPT-2's only if its tokens and merges are. */
  @Test
  void gpt2sVocabularyIsRecognizedByItsContent() throws IOException {
    write(TokenizerJson.FILE, small());
    assertArrayEquals(new int[] {2}, tokenizer(tmp, 50257).encode("ab"));
    BpeVocabulary gpt2 = BpeVocabulary.gpt2();
    JsonObject root = small();
    JsonArray merges = new JsonArray();
    gpt2.merges().forEach(merges::add);
    root.getAsJsonObject("model").add("vocab", VocabularyFilesTest.vocabulary(gpt2));
    root.getAsJsonObject("model").add("merges", merges);
    JsonObject end = root.getAsJsonArray("added_tokens").get(0).getAsJsonObject();
    end.addProperty("id", 50256);
    end.addProperty("content", "<|endoftext|>");
    end.addProperty("normalized", true);
    write(TokenizerJson.FILE, root);
    assertInstanceOf(Gpt2Tokenizer.class, tokenizer(tmp, 50304));
  }

  /** Special tokens are added to GPT-2's own vocabulary and merges. */
  @Test
  void specialTokensWithGpt2sMerges() throws IOException {
    BpeVocabulary gpt2 = BpeVocabulary.gpt2();
    write(VocabularyFiles.VOCABULARY, VocabularyFilesTest.vocabulary(gpt2));
    Files.writeString(
        tmp.resolve(VocabularyFiles.MERGES),
        "#version: 0.2\n" + String.join("\n", gpt2.merges()) + "\n");
    assertTrue(VocabularyFiles.read(tmp, 50260).isEmpty());
    Files.writeString(
        tmp.resolve("special_tokens_map.json"),
        "{\"bos_token\":\"<s>\",\"eos_token\":{\"content\":\"</s>\",\"lstrip\":false}}");
    Files.writeString(tmp.resolve("added_tokens.json"), "{\"<s>\":50257,\"</s>\":50258}");
    Tokenizer tokenizer = tokenizer(tmp, 50260);
    assertArrayEquals(new int[] {50257, 15496, 50258}, tokenizer.encode("<s>Hello</s>"));
    assertEquals(OptionalInt.of(50258), tokenizer.endOfText());
    Files.writeString(tmp.resolve(SpecialTokens.CONFIG), "{\"add_prefix_space\":true}");
    assertArrayEquals(
        new int[] {50257, 18435, 50258}, tokenizer(tmp, 50260).encode("<s>Hello</s>"));
  }

  @Test
  void specialTokensOfTokenizerConfig() throws IOException {
    write(TokenizerJson.FILE, small());
    Files.writeString(
        tmp.resolve(SpecialTokens.CONFIG),
        """
        {"eos_token":"</s>","pad_token":null,"extra_special_tokens":["b"],
         "added_tokens_decoder":{"9":{"content":"<x>","rstrip":true,"special":true}}}
        """);
    Tokenizer tokenizer = tokenizer(tmp, ROWS);
    assertArrayEquals(new int[] {9, 0, 10, 1}, tokenizer.encode("<x> a</s>b"));
    assertEquals(OptionalInt.of(10), tokenizer.endOfText(), "the next free id");
    Files.writeString(tmp.resolve(SpecialTokens.CONFIG), "{\"add_bos_token\":true}");
    assertRefused(() -> tokenizer(tmp, ROWS), "tokenizer_config.json: add_bos_token", "true");
    Files.writeString(tmp.resolve(SpecialTokens.CONFIG), "[]");
    assertRefused(() -> tokenizer(tmp, ROWS), "tokenizer_config.json: expected a JSON object");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "model.type | \"WordPiece\" | model.type: expected \"BPE\", found \"WordPiece\"",
        "model.dropout | 0.1 | model.dropout",
        "model.end_of_word_suffix | \"</w>\" | model.end_of_word_suffix",
        "model.continuing_subword_prefix | \"##\" | model.continuing_subword_prefix",
        "model.byte_fallback | true | model.byte_fallback",
        "model.ignore_merges | true | model.ignore_merges",
        "model.unk_token | \"?\" | model.unk_token: expected a token of the vocabulary",
        "model.vocab | [] | vocab: expected an object",
        "model.vocab | {\"a\":16} | token 'a': expected an id from 0 to 15, found 16",
        "model.merges | [[\"a\"]] | model.merges: expected two tokens",
        "model.merges | {} | merges is missing or not a list",
        "added_tokens | [{\"id\":1}] | added_tokens: expected objects with a string content",
        "added_tokens | [{\"id\":1,\"content\":\"x\"}] | expected an unused id, found 1, the id of"
            + " 'b'",
        "normalizer | {\"type\":\"Lowercase\"} | normalizer: expected NFC, NFD, NFKC or NFKD",
        "pre_tokenizer | null | pre_tokenizer: expected ByteLevel, found none",
        "pre_tokenizer | {\"type\":\"Whitespace\"} | found Whitespace",
        "pre_tokenizer | {\"type\":\"ByteLevel\",\"use_regex\":1} | use_regex: expected true or",
        "decoder | {\"type\":\"WordPiece\"} | decoder.type",
        "post_processor | {\"type\":\"RobertaProcessing\"} | post_processor.type",
        "post_processor | {\"single\":[{\"SpecialToken\":{}}]} | expected only Sequence parts",
      })
  void unsupportedOptionsAreRefusedByName(String path, String value, String message)
      throws IOException {
    JsonObject root = small();
    List<String> keys = List.of(path.split("\\."));
    JsonObject parent = keys.size() == 1 ? root : root.getAsJsonObject(keys.getFirst());
    parent.add(keys.getLast(), JsonParser.parseString(value));
    write(TokenizerJson.FILE, root);
    assertRefused(() -> tokenizer(tmp, ROWS), tmp.resolve(TokenizerJson.FILE) + ": ", message);
  }

  @Test
  void sequencesAndUnknownBytes() throws IOException {
    JsonObject root = small();
    JsonArray one = new JsonArray();
    one.add(root.get("pre_tokenizer"));
    JsonObject sequence = new JsonObject();
    sequence.addProperty("type", "Sequence");
    sequence.add("pretokenizers", one);
    root.add("pre_tokenizer", sequence);
    root.getAsJsonObject("model").addProperty("unk_token", "<s>");
    write(TokenizerJson.FILE, root);
    assertArrayEquals(new int[] {2, 4, 4, 0}, tokenizer(tmp, ROWS).encode("ab\u00e9a"));
  }
}
