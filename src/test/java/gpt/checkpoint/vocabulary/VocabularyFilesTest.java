package gpt.checkpoint.vocabulary;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.huggingface.TinyHuggingFace;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.Gpt2Tokenizer;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VocabularyFilesTest {
  private static final int ROWS = 8;

  @TempDir Path tmp;

  private void write(String vocabulary, String merges) throws IOException {
    Files.writeString(tmp.resolve(VocabularyFiles.VOCABULARY), vocabulary);
    Files.writeString(tmp.resolve(VocabularyFiles.MERGES), merges);
  }

  /** The vocab.json of a vocabulary. */
  static JsonObject vocabulary(BpeVocabulary bpe) {
    JsonObject vocabulary = new JsonObject();
    for (int id = 0; id < bpe.tokens().size(); id++) {
      vocabulary.addProperty(bpe.tokens().get(id), id);
    }
    return vocabulary;
  }

  private Optional<BpeVocabulary> read(int rows) throws IOException {
    return VocabularyFiles.read(tmp, rows);
  }

  private void assertRefused(String message) {
    GptException e = Assertions.assertThrows(GptException.class, () -> read(ROWS));
    assertEquals(tmp + "/" + message, e.getMessage());
  }

  @Test
  void readsVocabMergesAndAddedTokens() throws IOException {
    write(
        "{\"a\":0,\"b\":1,\"ab\":2,\"\u0120\":3,\"<|endoftext|>\":5}", "#version: 0.2\r\na b\r\n");
    Files.writeString(tmp.resolve("added_tokens.json"), "{\"<s>\":6}");
    BpeVocabulary pairs = read(ROWS).orElseThrow();
    assertEquals(OptionalInt.of(5), pairs.eosId());
    Tokenizer tokenizer = Tokenizers.forModel(Optional.empty(), read(ROWS), ROWS).orElseThrow();
    assertArrayEquals(new int[] {2, 3, 0, 5, 6}, tokenizer.encode("ab a<|endoftext|><s>"));
    assertEquals("ab", new String(tokenizer.decode(2), StandardCharsets.UTF_8));
    assertEquals("\ufffd", new String(tokenizer.decode(4), StandardCharsets.UTF_8), "id 4");
    assertEquals(7, tokenizer.vocabSize());
  }

  /** A vocabulary of GPT-2's size is GPT-2's only if its tokens and merges are. */
  @Test
  void gpt2sVocabularyIsRecognizedByItsContent() throws IOException {
    BpeVocabulary gpt2 = BpeVocabulary.gpt2();
    JsonObject vocabulary = vocabulary(gpt2);
    String merges = String.join("\n", gpt2.merges()) + "\n";
    write(vocabulary.toString(), "#version: 0.2\n" + merges);
    assertTrue(read(50257).isEmpty(), "OpenAI's merges.txt is recognized by its SHA-256");
    write(vocabulary.toString(), merges);
    assertInstanceOf(
        Gpt2Tokenizer.class,
        Tokenizers.forModel(Optional.empty(), read(50304), 50304).orElseThrow());
    int he = vocabulary.get("he").getAsInt();
    int in = vocabulary.get("in").getAsInt();
    vocabulary.addProperty("he", in);
    vocabulary.addProperty("in", he);
    write(vocabulary.toString(), merges);
    Tokenizer other = Tokenizers.forModel(Optional.empty(), read(50257), 50257).orElseThrow();
    assertArrayEquals(new int[] {in}, other.encode("he"));
  }

  @Test
  void needsBothFiles() throws IOException {
    assertTrue(read(ROWS).isEmpty());
    Files.writeString(tmp.resolve(VocabularyFiles.VOCABULARY), "{}");
    assertTrue(read(ROWS).isEmpty());
  }

  @Test
  void damagedFilesAreRefused() throws IOException {
    write("[]", "a b\n");
    assertRefused("vocab.json: expected a JSON object of tokens and ids");
    for (String id : new String[] {"8", "-1", "1.5", "99999999999", "\"x\""}) {
      write("{\"a\":" + id + "}", "a b\n");
      assertRefused(
          "vocab.json: token 'a': expected an id from 0 to 7, found " + id.replace("\"", ""));
    }
    write("{\"a\":{}}", "a b\n");
    assertRefused("vocab.json: token 'a': expected an id from 0 to 7, found none");
    write("{\"a\":1,\"b\":1}", "a b\n");
    assertRefused("vocab.json: token 'b': expected an unused id, found 1, the id of 'a'");
    Files.write(tmp.resolve(VocabularyFiles.MERGES), new byte[] {'a', ' ', (byte) 0xFF});
    assertRefused("merges.txt: is not UTF-8");
  }

  @Test
  void aCheckpointHasTheVocabulary() throws IOException {
    Path folder = new TinyHuggingFace(tmp).write();
    Files.writeString(folder.resolve("vocab.json"), "{\"a\":0,\"b\":1,\"ab\":2}");
    Files.writeString(folder.resolve("merges.txt"), "a b\n");
    try (Checkpoint c = Checkpoint.open(folder)) {
      assertEquals(3, c.bpeVocabulary().orElseThrow().tokens().size());
    }
    Files.writeString(folder.resolve("characters.json"), "[\"x\",\"y\",\"z\",\"a\",\"b\"]");
    try (Checkpoint c = Checkpoint.open(folder)) {
      assertTrue(c.bpeVocabulary().isEmpty(), "characters take precedence");
    }
  }
}
