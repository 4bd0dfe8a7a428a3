package gpt.checkpoint.gguf;

import static gpt.checkpoint.Faults.assertRefused;
import static gpt.checkpoint.gguf.TinyGguf.array;
import static gpt.checkpoint.gguf.TinyGguf.bool;
import static gpt.checkpoint.gguf.TinyGguf.f32;
import static gpt.checkpoint.gguf.TinyGguf.ints;
import static gpt.checkpoint.gguf.TinyGguf.join;
import static gpt.checkpoint.gguf.TinyGguf.little;
import static gpt.checkpoint.gguf.TinyGguf.string;
import static gpt.checkpoint.gguf.TinyGguf.strings;
import static gpt.checkpoint.gguf.TinyGguf.text;
import static gpt.checkpoint.gguf.TinyGguf.typed;
import static gpt.checkpoint.gguf.TinyGguf.u32;
import static gpt.checkpoint.gguf.TinyGguf.u64;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.BpeVocabulary.Kind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Valid variations of a GGUF file, and the error message for each invalid one. */
class GgufErrorsTest {
  private static final String EMBEDDING = "token_embd.weight";

  @TempDir Path tmp;
  private final TinyGguf tiny = new TinyGguf();

  private void refused(String... parts) throws IOException {
    String[] all = Arrays.copyOf(parts, parts.length + 1);
    all[parts.length] = "tiny.gguf: ";
    assertRefused(tiny.write(tmp), all);
  }

  private Checkpoint open() throws IOException {
    return Checkpoint.open(tiny.write(tmp));
  }

  @Test
  void theTinyModelLoads() throws IOException {
    try (Checkpoint c = open()) {
      assertEquals("gguf", c.format());
      assertEquals(new GptConfig(1, 1, 2, 3, 5, 8, true, Gelu.TANH, 1e-5), c.config());
      assertTrue(c.weights().tied());
      assertEquals(0.5f, c.weights().wte().get(0, 0));
      assertEquals(3.5f, c.weights().wte().get(1, 1));
      float first = tiny.tensor("blk.0.ffn_down.weight").offset / 4 + 0.5f;
      assertEquals(2, c.weights().h(0).mlp().cProj().weight().rows());
      assertEquals(first + 8, c.weights().h(0).mlp().cProj().weight().get(1, 0), "(out, in)");
    }
  }

  @Test
  void validVariations() throws IOException {
    tiny.version = 2;
    tiny.keys.put("general.alignment", u32(32));
    tiny.keys.put("gpt2.context_length", u64(3));
    tiny.keys.put("gpt2.block_count", typed(0, little(1, 1)));
    tiny.keys.put("gpt2.embedding_length", typed(5, little(4, 2)));
    tiny.keys.put("gpt2.attention.head_count_kv", u32(1));
    tiny.keys.put("gpt2.attention.layer_norm_epsilon", typed(12, little(8, 0x3EE4F8B588E368F1L)));
    tiny.keys.put("some.other", array(10, 2, little(8, -1), little(8, 7)));
    tiny.keys.put("gpt.activation_function", string("gelu"));
    tiny.add("output.weight", 2, 5);
    tiny.add("rope.whatever", 1, 1, 1, 1);
    tiny.data = Arrays.copyOf(tiny.data, tiny.data.length + 96);
    try (Checkpoint c = open()) {
      assertEquals(Gelu.EXACT, c.config().gelu());
      assertEquals(1e-5, c.config().layerNormEpsilon(), 1e-20);
      assertFalse(c.weights().tied());
    }
  }

  /** A file that is truncated at any byte before the final padding is refused. */
  @Test
  void truncatedFiles() {
    byte[] all = tiny.bytes();
    for (int n = 0; n < all.length - 24; n++) {
      MemorySegment cut = MemorySegment.ofArray(Arrays.copyOf(all, n));
      GptException e =
          assertThrows(GptException.class, () -> GgufReader.read(Path.of("x.gguf"), cut));
      assertTrue(e.getMessage().startsWith("x.gguf: "), e.getMessage());
    }
  }

  @Test
  void wrongMagic() throws IOException {
    tiny.magic = 0x46554748;
    refused("not a GGUF file");
  }

  @ParameterizedTest
  @CsvSource({
    "1, expected version 2 or 3 of the format found 1",
    "4, of the format found 4",
    "-65535, of the format found 4294901761",
    "50331648, expected a little-endian GGUF file found a big-endian one"
  })
  void version(int version, String message) throws IOException {
    tiny.version = version;
    refused(message.replace(" found", ", found"));
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, 1L << 60, 100_000, 1_000})
  void countsTooLargeForTheFile(long count) throws IOException {
    tiny.tensorCount = count;
    refused("the number of tensors: found " + Long.toUnsignedString(count), "bytes follow");
    tiny.tensorCount = null;
    tiny.keyCount = count;
    refused("the number of keys: found " + Long.toUnsignedString(count), "bytes follow");
  }

  @Test
  void countsAboveTheLimit() throws IOException {
    tiny.data = new byte[1 << 21];
    tiny.tensorCount = 65_537L;
    refused("the number of tensors: expected at most 65536, found 65537");
    tiny.tensorCount = null;
    tiny.keyCount = 65_537L;
    refused("the number of keys: expected at most 65536, found 65537");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MAX_VALUE, 1L << 32, 5_000})
  void stringsLongerThanTheFile(long length) throws IOException {
    tiny.keyCount = tiny.keys.size() + 1L;
    tiny.moreKeys = little(8, length);
    refused("cut off: key 7: expected " + Long.toUnsignedString(length) + " bytes from byte");
    tiny.moreKeys = join(text("a.key"), typed(8, little(8, length)));
    refused("cut off: a.key: expected " + Long.toUnsignedString(length));
    tiny.moreKeys = join(text("a.key"), array(8, 2, text("fine"), little(8, length)));
    refused("cut off: a.key: expected " + Long.toUnsignedString(length));
  }

  @Test
  void stringsAboveTheLimit() throws IOException {
    tiny.keyCount = tiny.keys.size() + 1L;
    tiny.moreKeys = join(text("a.key"), typed(8, little(8, 1 << 25)), new byte[1 << 25]);
    refused("a.key: expected a string of at most 16777216 bytes, found 33554432");
  }

  @Test
  void stringsThatAreNotUtf8() throws IOException {
    tiny.keyCount = tiny.keys.size() + 1L;
    tiny.moreKeys = join(little(8, 2), new byte[] {(byte) 0xC3, 'x'}, u32(1));
    refused("key 7: expected UTF-8, found other bytes before byte");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, (1L << 61) + 1, 1L << 40, 5_000})
  void arraysLongerThanTheFile(long count) throws IOException {
    for (int type : new int[] {0, 5, 8, 12}) {
      tiny.keys.put("an.array", array(type, count));
      refused("an.array: found " + Long.toUnsignedString(count), "bytes follow");
    }
  }

  @Test
  void unknownValueTypes() throws IOException {
    tiny.keys.put("a.key", typed(13, new byte[8]));
    refused("a.key: expected a value type from 0 to 12, found 13");
    tiny.keys.put("a.key", typed(-1, new byte[8]));
    refused("a.key: expected a value type from 0 to 12, found 4294967295");
    tiny.keys.put("a.key", array(9, 1, array(4, 0)));
    refused("a.key: expected an array of plain values, found an array of arrays");
  }

  @Test
  void duplicateKey() throws IOException {
    tiny.keyCount = tiny.keys.size() + 1L;
    tiny.moreKeys = join(text("gpt2.block_count"), u32(1));
    refused("duplicate key gpt2.block_count");
  }

  @Test
  void duplicateTensor() throws IOException {
    tiny.add(EMBEDDING, 2, 5);
    tiny.data = Arrays.copyOf(tiny.data, tiny.data.length + 64);
    refused("duplicate tensor token_embd.weight");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 3, 48, 0x80000000L, 0xFFFFFFFFL})
  void alignment(long alignment) throws IOException {
    tiny.keys.put("general.alignment", u32(alignment));
    refused("general.alignment: expected ", "found " + alignment);
  }

  @Test
  void alignmentThatDoesNotFitTheFile() throws IOException {
    tiny.keys.put("general.alignment", u32(64));
    refused(
        "tensor blk.0.attn_norm.weight: expected data at a multiple of the alignment, 64, found"
            + " byte 96");
    tiny.keys.put("general.alignment", u32(1 << 30));
    refused("cut off: expected tensors from byte 1073741824 on, found 1856 bytes");
    tiny.keys.put("general.alignment", string("32"));
    refused("general.alignment: expected an integer", "found 32");
  }

  /** A tensor without elements must lie inside the file too. */
  @Test
  void anEmptyTensorOutsideTheFile() throws IOException {
    tiny.keys.put("general.alignment", u32(1 << 30));
    tiny.tensors.clear();
    tiny.add("empty", 0);
    refused("cut off: expected tensors from byte 1073741824 on");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 1_000_000})
  void rank(int rank) throws IOException {
    tiny.tensor(EMBEDDING).dims = new long[rank];
    refused("tensor token_embd.weight: expected 1 to 4 dimensions, found " + rank);
  }

  @Test
  void shapesThatOverflow() throws IOException {
    for (long[] dims :
        new long[][] {{-1, 1}, {1, Long.MIN_VALUE}, {1L << 32, 1L << 31}, {1L << 61, 1}}) {
      tiny.tensor(EMBEDDING).dims = dims;
      refused("tensor token_embd.weight: expected a shape of less than 2^63 bytes");
    }
    tiny.tensor(EMBEDDING).dims = new long[] {1L << 60, 1};
    refused("cut off: tensor token_embd.weight: expected 4611686018427387904 bytes");
  }

  @ParameterizedTest
  @CsvSource({"20, IQ4_NL", "28, type 28", "-1, type 4294967295"})
  void types(int type, String name) throws IOException {
    tiny.tensor(EMBEDDING).type = type;
    refused(
        "tensor token_embd.weight: expected F32, F16, BF16, Q4_0 to Q8_0 or Q2_K to Q6_K, found "
            + name);
  }

  @Test
  void rowsThatAreNoMultipleOfABlock() throws IOException {
    tiny.tensor(EMBEDDING).type = 8;
    refused(
        "tensor token_embd.weight: expected rows of a multiple of 32 elements for Q8_0, found 2");
  }

  @ParameterizedTest
  @CsvSource({
    "0, token_embd.weight: its data overlaps another tensor: expected byte 32 found 0",
    "32, its data overlaps another tensor: expected byte 64 found 32",
    "96, its data leaves a gap: expected byte 64 found 96",
    "65, 'tensor position_embd.weight: expected data at a multiple of the alignment, 32 found byte"
        + " 65'",
    "-1, cut off: tensor position_embd.weight: expected 24 bytes from byte 18446744073709551615 on",
    "-9223372036854775808, cut off",
    "9223372036854775776, leaves a gap: expected byte 64 found 96",
    "100000, leaves a gap: expected byte 64 found 96"
  })
  void offsets(long offset, String message) throws IOException {
    tiny.tensor("position_embd.weight").offset = offset;
    refused(message.replace(" found", ", found"));
  }

  @ParameterizedTest
  @ValueSource(longs = {100_000, Long.MAX_VALUE, Long.MAX_VALUE - 31, Long.MIN_VALUE, -32})
  void theLastTensorOutsideTheFile(long offset) throws IOException {
    tiny.tensors.getLast().offset = offset;
    refused(
        "cut off: tensor output_norm.bias: expected 8 bytes from byte %s on, found %s"
            .formatted(Long.toUnsignedString(offset), tiny.data.length));
  }

  @Test
  void otherArchitecturesAndSplitModels() throws IOException {
    tiny.keys.put("general.architecture", string("llama"));
    refused("general.architecture: expected gpt2, found 'llama'");
    tiny.keys.put("general.architecture", u32(2));
    refused("general.architecture: expected a string, found 2");
    tiny.keys.put("general.architecture", string("gpt2"));
    tiny.keys.put("split.count", typed(2, little(2, 3)));
    refused("one of the 3 files", "llama-gguf-split --merge");
    // The other files have, as gguf-split writes them, no keys of the model.
    tiny.keys.clear();
    tiny.keys.put("split.no", typed(2, little(2, 1)));
    tiny.keys.put("split.count", typed(2, little(2, 3)));
    refused("file 2 of the 3 files of a split model", "llama-gguf-split --merge");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gpt2.block_count",
        "gpt2.context_length",
        "gpt2.embedding_length",
        "gpt2.feed_forward_length",
        "gpt2.attention.head_count",
        "gpt2.attention.layer_norm_epsilon"
      })
  void requiredKeys(String key) throws IOException {
    tiny.keys.put(key, string("many"));
    refused(key + ": expected ", "found many");
    tiny.keys.put(key, ints(1, 2));
    refused(key + ": expected ", "found an array");
    tiny.keys.remove(key);
    refused(key + " is missing");
  }

  @Test
  void invalidNumbers() throws IOException {
    tiny.keys.put("gpt2.block_count", u64(-1));
    refused(
        "gpt2.block_count: expected an integer from 0 to 2147483647, found 1.8446744073709552E19");
    tiny.keys.put("gpt2.block_count", u32(0xFFFFFFFFL));
    refused("gpt2.block_count: expected an integer", "found 4294967295");
    tiny.keys.put("gpt2.block_count", u32(0));
    refused("n_layer must be at least 1, found 0");
    tiny.keys.put("gpt2.block_count", u32(2));
    refused("tensor blk.1.attn_norm.weight is missing: expected shape (2)");
    tiny.keys.put("gpt2.block_count", u32(0x7FFFFFFF));
    refused("tensor blk.1.attn_norm.weight is missing");
    tiny.keys.put("gpt2.block_count", u32(1));
    tiny.keys.put("gpt2.attention.head_count", u32(3));
    refused("n_embd must be divisible by n_head");
    tiny.keys.put("gpt2.attention.head_count", u32(1));
    tiny.keys.put("gpt2.attention.head_count_kv", u32(2));
    refused("gpt2.attention.head_count_kv: expected 1, as gpt2.attention.head_count, found 2");
    tiny.keys.remove("gpt2.attention.head_count_kv");
    for (float epsilon : new float[] {Float.NaN, -1, 1, Float.POSITIVE_INFINITY}) {
      tiny.keys.put("gpt2.attention.layer_norm_epsilon", f32(epsilon));
      refused("layer_norm_epsilon must be in [0, 1)");
    }
    tiny.keys.put("gpt2.attention.layer_norm_epsilon", f32(0));
    tiny.keys.put("gpt2.embedding_length", u32(0x7FFFFFFF));
    refused("tensor token_embd.weight: expected shape (5, 2147483647), found (5, 2)");
  }

  @Test
  void invalidTensors() throws IOException {
    tiny.keys.put("gpt2.feed_forward_length", u32(4));
    refused("tensor blk.0.ffn_up.weight: expected shape (4, 2), found (8, 2)");
    tiny.keys.put("gpt2.feed_forward_length", u32(8));
    tiny.tensor(EMBEDDING).name = "embedding";
    refused("tensor token_embd.weight is missing");
    tiny.tensor("embedding").name = EMBEDDING;
    tiny.tensor(EMBEDDING).dims = new long[] {10};
    refused("tensor token_embd.weight: expected two dimensions, found (10)");
  }

  @Test
  void keysOfThisProgram() throws IOException {
    tiny.keys.put("gpt.activation_function", string("relu"));
    refused("gpt.activation_function: expected gelu_new or gelu, found relu");
    tiny.keys.remove("gpt.activation_function");
    tiny.keys.put("gpt.bias", string("no"));
    refused("gpt.bias: expected true or false, found no");
    tiny.keys.put("gpt.bias", bool(false));
    refused("tensor blk.0.attn_norm.bias: expected zeros, since gpt.bias is false");
    tiny.keys.put("gpt.bias", bool(true));
    tiny.keys.put("gpt.characters", strings("a", "b", "a", "c", "d"));
    refused("id 2: expected distinct characters, found 'a' again");
    tiny.keys.put("gpt.characters", strings("a", "bc", "d", "e", "f"));
    refused("id 1: expected one character");
    tiny.keys.put("gpt.characters", strings("a", "b", "c", "d", "e", "f"));
    refused("gpt.characters: expected at most 5, found 6");
    tiny.keys.put("gpt.characters", strings("a", "b"));
    refused("the vocabulary does not fit the model: expected 5 characters (vocab_size), found 2");
    tiny.keys.put("gpt.characters", ints(1));
    refused("gpt.characters: expected an array of strings, found an array");
    tiny.keys.put("gpt.characters", strings("a", "\n", "b", "c", "d"));
    try (Checkpoint c = open()) {
      assertEquals(Optional.of(List.of("a", "\n", "b", "c", "d")), c.characters());
    }
  }

  @Test
  void aTokenizer() throws IOException {
    tiny.addTokenizer();
    try (Checkpoint c = open()) {
      assertEquals(
          new BpeVocabulary(
              List.of("a", "b", "ab", "<s>", "[PAD4]"),
              List.of(Kind.NORMAL, Kind.NORMAL, Kind.NORMAL, Kind.CONTROL, Kind.UNUSED),
              List.of("a b"),
              OptionalInt.of(3),
              OptionalInt.of(3)),
          c.bpeVocabulary().orElseThrow());
    }
    for (String key :
        List.of("tokenizer.ggml.pre", "tokenizer.ggml.token_type", "tokenizer.ggml.eos_token_id")) {
      tiny.keys.remove(key);
    }
    try (Checkpoint c = open()) {
      assertEquals(Kind.NORMAL, c.bpeVocabulary().orElseThrow().kinds().get(3));
      assertEquals(OptionalInt.empty(), c.bpeVocabulary().orElseThrow().eosId());
    }
    tiny.keys.put("tokenizer.ggml.model", string("none"));
    try (Checkpoint c = open()) {
      assertEquals(Optional.empty(), c.bpeVocabulary());
    }
  }

  @Test
  void invalidTokenizers() throws IOException {
    tiny.addTokenizer();
    tiny.keys.put("tokenizer.ggml.model", string("bert"));
    refused("tokenizer.ggml.model: expected gpt2 or none, found bert");
    tiny.addTokenizer();
    tiny.keys.put("tokenizer.ggml.pre", string("llama-bpe"));
    refused("tokenizer.ggml.pre: expected gpt-2, found llama-bpe");
    tiny.addTokenizer();
    tiny.keys.remove("tokenizer.ggml.tokens");
    refused("tokenizer.ggml.tokens is missing");
    tiny.keys.put("tokenizer.ggml.tokens", strings("a", "b", "c", "d", "e", "f"));
    refused("tokenizer.ggml.tokens: expected at most 5, found 6");
    tiny.keys.put("tokenizer.ggml.tokens", ints(1, 2));
    refused("tokenizer.ggml.tokens: expected an array of strings");
    tiny.addTokenizer();
    tiny.keys.remove("tokenizer.ggml.merges");
    refused("tokenizer.ggml.merges is missing");
    tiny.addTokenizer();
    tiny.keys.put("tokenizer.ggml.token_type", ints(1, 1));
    refused("tokenizer.ggml.token_type: expected 5, one for each token, found 2");
    tiny.keys.put("tokenizer.ggml.token_type", ints(1, 1, 1, 1, 7));
    refused("tokenizer.ggml.token_type: token 4: expected 1, 3, 4 or 5, found 7");
    tiny.keys.put("tokenizer.ggml.token_type", strings("1"));
    refused("tokenizer.ggml.token_type: expected an array of 32-bit integers");
    tiny.addTokenizer();
    tiny.keys.put("tokenizer.ggml.eos_token_id", u32(5));
    refused("tokenizer.ggml.eos_token_id: expected the id of one of 5 tokens, found 5");
  }

  @Test
  void namesAreSanitizedInErrorMessages() throws IOException {
    tiny.tensor(EMBEDDING).name = "a\n\u001b[31mb";
    tiny.tensor("a\n\u001b[31mb").type = 77;
    refused("tensor a??[31mb: expected F32");
  }
}
