package gpt.checkpoint.huggingface;

import static gpt.checkpoint.Faults.assertRefused;
import static gpt.checkpoint.huggingface.TinyHuggingFace.numbers;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import gpt.model.Gelu;
import gpt.model.Weights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Valid variations of a Hugging Face folder, and the error message for each invalid one. */
class HuggingFaceErrorsTest {
  private static final String WTE = "transformer.wte.weight";
  private static final String C_FC = "transformer.h.0.mlp.c_fc.weight";

  @TempDir Path tmp;
  private TinyHuggingFace tiny;

  @BeforeEach
  void makeModel() {
    tiny = new TinyHuggingFace(tmp);
  }

  private Checkpoint open() throws IOException {
    return Checkpoint.open(tiny.write());
  }

  @Test
  void keysMayLackTheirPrefix() throws IOException {
    Weights expected;
    try (Checkpoint with = open()) {
      expected = with.weights();
      JsonObject bare = new JsonObject();
      tiny.header.asMap().forEach((k, v) -> bare.add(k.replaceFirst("^transformer\\.", ""), v));
      tiny.header = bare;
      Files.delete(tiny.file("model.safetensors"));
      try (Checkpoint without = open()) {
        assertEquals(expected, without.weights());
      }
    }
    addEmpty(WTE, "F32");
    assertRefused(
        tiny.write(), "duplicate tensor wte.weight", "with and without the prefix transformer.");
  }

  private void addEmpty(String key, String dtype) {
    JsonObject t = new JsonObject();
    t.addProperty("dtype", dtype);
    t.add("shape", numbers(0));
    t.add("data_offsets", numbers(tiny.data.length, tiny.data.length));
    tiny.header.add(key, t);
  }

  @Test
  void masksAndUnknownTensorsAreIgnored() throws IOException {
    addEmpty("transformer.h.0.attn.bias", "U8");
    addEmpty("transformer.h.0.attn.masked_bias", "F8_E4M3");
    addEmpty("score.weight", "I64");
    open().close();
  }

  @ParameterizedTest
  @CsvSource({
    "gelu_new, TANH",
    "gelu_pytorch_tanh, TANH",
    "gelu_fast, TANH",
    "gelu_accurate, TANH",
    "gelu_python_tanh, TANH",
    "gelu, EXACT",
    "gelu_python, EXACT"
  })
  void activation(String name, Gelu gelu) throws IOException {
    tiny.config.addProperty("activation_function", name);
    try (Checkpoint c = open()) {
      assertEquals(gelu, c.config().gelu());
    }
  }

  @Test
  void configDefaults() throws IOException {
    tiny.config.remove("layer_norm_epsilon");
    tiny.config.remove("tie_word_embeddings");
    tiny.config.remove("n_positions");
    tiny.config.add("n_inner", JsonNull.INSTANCE);
    try (Checkpoint c = open()) {
      assertEquals(1e-5, c.config().layerNormEpsilon());
      assertEquals(8, c.config().nInner());
      assertEquals(3, c.config().blockSize());
      assertTrue(c.weights().tied());
    }
    tiny.config.addProperty("layer_norm_epsilon", 1e-6);
    try (Checkpoint c = open()) {
      assertEquals(1e-6, c.config().layerNormEpsilon());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "activation_function, \"relu\", found relu",
    "activation_function, \"gelu_10\", found gelu_10",
    "model_type, \"llama\", found llama",
    "scale_attn_weights, false, expected true",
    "scale_attn_by_inverse_layer_idx, true, expected false",
    "n_layer, 1.5, expected an integer",
    "n_layer, \"1\", expected a number",
    "n_layer, null, missing",
    "n_layer, 0, at least 1",
    "n_head, 3, divisible",
    "n_embd, 1073741824, expected shape (5; 1073741824)",
    "n_embd, 1e300, expected an integer",
    "bias, 0, expected true or false",
    "layer_norm_epsilon, -1, layer_norm_epsilon",
    "n_positions, 4, expected shape (4; 2)",
    "vocab_size, 6, expected shape (6; 2)",
    "n_inner, 9, expected shape (2; 9)",
    "tie_word_embeddings, false, lm_head.weight is missing",
  })
  void invalidConfigValues(String key, String value, String message) throws IOException {
    tiny.config.add(key, JsonParser.parseString(value));
    assertRefused(tiny.write(), tiny.folder.toString(), message.replace(';', ','));
  }

  @Test
  void damagedOrMissingConfig() throws IOException {
    Path config = tiny.file("config.json");
    for (String text : List.of("", "[]", "{\"n_layer\": 1", "{} {}", "{'n_layer': 1}")) {
      Files.writeString(config, text);
      assertRefused(tiny.folder, "config.json");
    }
    Files.writeString(config, "{\"a\":".repeat(100_000));
    assertRefused(tiny.folder, "config.json", "not JSON");
    Files.delete(config);
    assertRefused(tiny.folder, "config.json", "no such file");
  }

  @Test
  void missingTensor() throws IOException {
    tiny.header.add("renamed", tiny.header.remove(C_FC));
    assertRefused(tiny.write(), "model.safetensors", "h.0.mlp.c_fc.weight is missing", "(2, 8)");
  }

  @Test
  void wrongShape() throws IOException {
    tiny.tensor(C_FC).add("shape", numbers(8, 2));
    assertRefused(tiny.write(), "model.safetensors", C_FC, "shape (2, 8)", "found (8, 2)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"F64", "I32", "F8_E5M2", "Q4"})
  void unknownDtype(String dtype) throws IOException {
    tiny.tensor(C_FC).addProperty("dtype", dtype);
    tiny.tensor(C_FC).add("shape", numbers(2, dtype.equals("F64") ? 4 : 8));
    if (dtype.equals("F64")) {
      tiny.config.addProperty("n_inner", 4);
    }
    assertRefused(tiny.write(), C_FC, "expected float32, float16 or bfloat16", "found " + dtype);
  }

  @Test
  void dataThatDoesNotFitTheShape() throws IOException {
    tiny.tensor(C_FC).add("shape", numbers(2, 9));
    assertRefused(tiny.write(), C_FC, "expected 72 bytes", "found 64");
    tiny.tensor(C_FC).add("shape", numbers(1L << 40, 1L << 40));
    assertRefused(tiny.write(), C_FC, "more than 2^63", "found 64");
    tiny.tensor(C_FC).add("shape", numbers(2, -8));
    assertRefused(tiny.write(), C_FC, "shape: expected at least 0, found -8");
    tiny.tensor(C_FC).addProperty("dtype", "F16");
    tiny.tensor(C_FC).add("shape", numbers(2, 8));
    assertRefused(tiny.write(), C_FC, "expected 32 bytes", "found 64");
  }

  @Test
  void rangesThatOverlapOrLeaveGaps() throws IOException {
    // wte is 40 bytes and first, wpe follows.
    tiny.tensor(WTE).add("data_offsets", numbers(4, 44));
    assertRefused(tiny.write(), WTE, "leaves a gap", "expected byte 0, found 4");
    tiny.tensor(WTE).add("data_offsets", numbers(0, 40));
    tiny.tensor("transformer.wpe.weight").add("data_offsets", numbers(36, 60));
    assertRefused(tiny.write(), "wpe.weight", "overlaps", "expected byte 40, found 36");
    tiny.tensor("transformer.wpe.weight").add("data_offsets", numbers(40, 39));
    assertRefused(tiny.write(), "wpe.weight", "expected an end of at least 40, found 39");
    tiny.tensor(WTE).add("data_offsets", numbers(0, Long.MAX_VALUE));
    assertRefused(tiny.write(), WTE, "cut off");
  }

  @Test
  void truncatedAndExtendedFiles() throws IOException {
    byte[] whole = tiny.data;
    tiny.data = Arrays.copyOf(whole, whole.length - 1);
    assertRefused(tiny.write(), "cut off", "ln_f.bias", "found " + (whole.length - 1));
    tiny.data = Arrays.copyOf(whole, whole.length + 1);
    assertRefused(tiny.write(), "expected " + whole.length + " bytes of tensors");
    Files.write(tiny.file("model.safetensors"), new byte[7]);
    assertRefused(tiny.folder, "cut off", "found 7 bytes");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 100_000_001, -1, Long.MIN_VALUE, Long.MAX_VALUE})
  void invalidHeaderLength(long length) throws IOException {
    ByteBuffer file = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    Files.write(tiny.file("model.safetensors"), file.array());
    assertRefused(
        tiny.folder, "not a safetensors file", "length of " + Long.toUnsignedString(length));
  }

  @Test
  void headerLongerThanTheFile() throws IOException {
    ByteBuffer file = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(57);
    Files.write(tiny.file("model.safetensors"), file.array());
    assertRefused(tiny.folder, "cut off", "expected a header of 57 bytes", "file of 64");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{",
        "{} x",
        "{'a': 1}",
        "{\"a\": 1}",
        "{\"a\": {}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [\"1\"], \"data_offsets\": [0, 4]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1.5], \"data_offsets\": [0, 4]}}",
        "{\"a\": {\"dtype\": \"F32\", \"dtype\": \"F32\"}}",
        "{\"\ud83d\": {}}",
      })
  void invalidHeader(String header) throws IOException {
    assertRefused(tiny.write(header), "model.safetensors");
  }

  @Test
  void duplicateTensorInTheHeader() throws IOException {
    String text = tiny.header.toString();
    String twice = text.substring(0, text.length() - 1) + ",\"" + WTE + "\":" + tiny.tensor(WTE);
    assertRefused(tiny.write(twice + "}"), "duplicate tensor " + WTE);
    assertRefused(tiny.write("{\"a\":".repeat(100_000)), "header is damaged");
  }

  @Test
  void characters() throws IOException {
    Path file = tiny.file("characters.json");
    tiny.write();
    for (String text : List.of("{}", "[1]", "[\"ab\"]", "[\"\"]", "[\"a\", \"a\"]", "[null]")) {
      Files.writeString(file, text);
      assertRefused(tiny.folder, "characters.json");
    }
    Files.writeString(file, "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]");
    assertRefused(tiny.folder, "characters.json", "does not fit", "at most 5", "found 6");
    Files.writeString(file, "[\"a\",\"b\"]");
    assertRefused(tiny.folder, "characters.json", "does not fit", "expected 5", "found 2");
    Files.writeString(file, "[\"a\",\"\\n\",\"c\",\"d\",\"e\"]");
    try (Checkpoint c = Checkpoint.open(tiny.folder)) {
      assertEquals(List.of("a", "\n", "c", "d", "e"), c.characters().orElseThrow());
    }
  }

  @Test
  void onlyADialoGptHasConversations() throws IOException {
    for (String[] c :
        new String[][] {
          {"null", ""},
          {"{\"text-generation\":{\"max_length\":50}}", ""},
          {"{\"conversational\":{\"max_length\":1000}}", "DIALOGPT"}
        }) {
      tiny.config.add("task_specific_params", JsonParser.parseString(c[0]));
      try (Checkpoint checkpoint = Checkpoint.open(tiny.write())) {
        assertEquals(c[1], checkpoint.chatTemplate().map(Enum::name).orElse(""), c[0]);
      }
    }
  }

  /**
   * generation_config.json takes precedence over config.json; ids not in the model are left out.
   */
  @Test
  void eosIds() throws IOException {
    for (String[] c :
        new String[][] {
          {"2", null, "[2]"},
          {"[3,1,3]", null, "[3, 1]"},
          {"50256", null, "[]"},
          {"[-1,4]", null, "[4]"},
          {"null", null, "[]"},
          {"2", "{\"eos_token_id\":[1,0]}", "[1, 0]"},
          {"2", "{\"eos_token_id\":null}", "[2]"},
          {"2", "{}", "[2]"}
        }) {
      tiny.config.add("eos_token_id", JsonParser.parseString(c[0]));
      Files.deleteIfExists(tiny.file("generation_config.json"));
      if (c[1] != null) {
        Files.writeString(tiny.file("generation_config.json"), c[1]);
      }
      try (Checkpoint checkpoint = Checkpoint.open(tiny.write())) {
        assertEquals(c[2], checkpoint.endIds().toString(), c[0] + " " + c[1]);
        Path out = tmp.resolve("again");
        CheckpointWriter.write(checkpoint, out, null, true, fraction -> {});
        try (Checkpoint again = Checkpoint.open(out)) {
          assertEquals(checkpoint.endIds(), again.endIds());
        }
      }
    }
    String expected = "eos_token_id: expected a token id or a list of token ids, found ";
    for (String bad : List.of("\"x\"", "1.5", "[true]", "{}", "[[1]]")) {
      Files.writeString(tiny.file("generation_config.json"), "{\"eos_token_id\":" + bad + "}");
      assertRefused(tiny.folder, "generation_config.json: " + expected + bad);
    }
    Files.writeString(tiny.file("generation_config.json"), "[]");
    assertRefused(tiny.folder, "generation_config.json: expected a JSON object");
  }

  @Test
  void shardsAreReadThroughTheirIndex() throws IOException {
    Weights expected;
    JsonObject map = tiny.shard();
    try (Checkpoint c = Checkpoint.open(tiny.folder);
        Checkpoint one = Checkpoint.open(tmp.resolve("nano"))) {
      expected = one.weights();
      assertEquals(expected, c.weights());
      assertEquals("safetensors, 2 files", c.format());
    }
    map.addProperty(WTE, "model-00002-of-00002.safetensors");
    tiny.writeIndex(map);
    assertRefused(tiny.folder, "model-00002-of-00002.safetensors", WTE, "missing");
    map.addProperty(WTE, "model-00003-of-00002.safetensors");
    tiny.writeIndex(map);
    assertRefused(tiny.folder, "model-00003-of-00002.safetensors", "no such file");
    for (String name :
        List.of("../a.safetensors", "/a.safetensors", "..", "a\\b.safetensors", "")) {
      map.addProperty(WTE, name);
      tiny.writeIndex(map);
      assertRefused(tiny.folder, "model.safetensors.index.json", WTE, "'" + name + "'");
    }
    map.addProperty(WTE, "a\u0000.safetensors");
    tiny.writeIndex(map);
    assertRefused(tiny.folder, "model.safetensors.index.json", WTE, "'a?.safetensors'");
    map.add(WTE, new JsonPrimitive(3));
    tiny.writeIndex(map);
    assertRefused(tiny.folder, "model.safetensors.index.json", WTE);
    Files.writeString(tiny.file("model.safetensors.index.json"), "{\"weight_map\": []}");
    assertRefused(tiny.folder, "weight_map");
  }

  @Test
  void untiedHeads() throws IOException {
    JsonObject head = tiny.tensor(WTE).deepCopy();
    int end = tiny.data.length;
    head.add("data_offsets", numbers(end, end + 40));
    tiny.header.add("lm_head.weight", head);
    tiny.data = Arrays.copyOf(tiny.data, end + 40);
    tiny.config.addProperty("tie_word_embeddings", false);
    try (Checkpoint c = open()) {
      assertFalse(c.weights().tied());
      assertEquals(0f, c.weights().lmHead().get(1, 1));
    }
    tiny.config.addProperty("tie_word_embeddings", true);
    try (Checkpoint c = open()) {
      assertFalse(c.weights().tied());
      assertEquals(0f, c.weights().lmHead().get(1, 1));
      assertEquals(1, c.notes().size(), c.notes()::toString);
      String note = c.notes().getFirst();
      assertTrue(note.contains("model.safetensors: lm_head.weight differs from the token"), note);
      assertTrue(note.contains("tie_word_embeddings is true"), note);
    }
    System.arraycopy(tiny.data, 0, tiny.data, end, 40); // wte's
    for (boolean tied : new boolean[] {true, false}) {
      tiny.config.addProperty("tie_word_embeddings", tied);
      try (Checkpoint c = open()) {
        assertTrue(c.weights().tied());
        assertEquals(List.of(), c.notes());
      }
    }
  }
}
