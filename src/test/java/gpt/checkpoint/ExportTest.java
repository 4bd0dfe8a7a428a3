package gpt.checkpoint;

import static gpt.checkpoint.Faults.assertRefused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.GptException;
import gpt.checkpoint.torch.PickleBuilder;
import gpt.checkpoint.torch.TinyNanoGpt;
import gpt.model.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint that is written as a Hugging Face folder is read back unchanged. */
class ExportTest {
  @TempDir Path tmp;

  @GoldenModels
  void everyGoldenModelIsReadBackUnchanged(String model) throws IOException {
    Path again = tmp.resolve("again");
    try (Checkpoint c = Checkpoint.open(GoldenCheckpointTest.GOLDEN.resolve("model-" + model))) {
      CheckpointWriter.write(c, tmp.resolve("out"));
      try (Checkpoint back = Checkpoint.open(tmp.resolve("out"))) {
        assertEquals(c.config(), back.config());
        assertEquals(c.weights(), back.weights());
        assertTrue(back.weights().tied());
        assertEquals(Optional.empty(), back.characters());
        CheckpointWriter.write(back, again);
      }
    }
    for (String file : List.of("config.json", "model.safetensors")) {
      assertArrayEquals(
          Files.readAllBytes(tmp.resolve("out").resolve(file)),
          Files.readAllBytes(again.resolve(file)),
          file + " differs when written again");
    }
  }

  @Test
  void hasHuggingFacesLayout() throws IOException {
    export("model-1-nanogpt");
    ByteBuffer file =
        ByteBuffer.wrap(Files.readAllBytes(tmp.resolve("out/model.safetensors")))
            .order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) file.getLong();
    assertEquals(0, (8 + length) % 64, "alignment of the tensor data");
    byte[] header = new byte[length];
    file.get(header);
    JsonObject tensors =
        JsonParser.parseString(new String(header, StandardCharsets.UTF_8)).getAsJsonObject();
    assertEquals("{\"format\":\"pt\"}", tensors.get("__metadata__").toString());
    assertEquals(
        "[33,99]",
        tensors.getAsJsonObject("transformer.h.2.attn.c_attn.weight").get("shape").toString());
    assertFalse(tensors.has("lm_head.weight"), "tied");
    assertFalse(tensors.has("transformer.ln_f.bias"), "a model without biases");
    JsonObject config =
        JsonParser.parseString(Files.readString(tmp.resolve("out/config.json"))).getAsJsonObject();
    assertEquals("[\"GPT2LMHeadModel\"]", config.get("architectures").toString());
    assertEquals("gelu", config.get("activation_function").getAsString());
    assertEquals(24, config.get("n_positions").getAsInt());
    assertFalse(config.get("bias").getAsBoolean());
  }

  @Test
  void keepsTypesUntiedHeadAndCharacters() throws IOException {
    TinyNanoGpt tiny = new TinyNanoGpt();
    tiny.add("lm_head.weight", TinyNanoGpt.V, TinyNanoGpt.C);
    half(tiny, "transformer.h.0.mlp.c_fc.weight", "torch.HalfStorage");
    half(tiny, "transformer.h.0.mlp.c_proj.weight", "torch.BFloat16Storage");
    Files.write(
        tmp.resolve("meta.pkl"), PickleBuilder.meta("\n", "\u00e9", "\ud83d\ude00", "<", "a"));
    try (Checkpoint c = Checkpoint.open(tiny.write(tmp))) {
      assertFalse(c.weights().tied());
      CheckpointWriter.write(c, tmp.resolve("out"));
      try (Checkpoint back = Checkpoint.open(tmp.resolve("out"))) {
        assertEquals(c.weights(), back.weights());
        assertFalse(back.weights().tied());
        assertEquals(DType.F16, back.weights().h(0).mlp().cFc().weight().dtype());
        assertEquals(DType.BF16, back.weights().h(0).mlp().cProj().weight().dtype());
        assertEquals(
            Optional.of(List.of("\n", "\u00e9", "\ud83d\ude00", "<", "a")), back.characters());
      }
    }
  }

  /** Reinterprets a tensor's storage as 2-byte elements; the tensor becomes its first half. */
  private static void half(TinyNanoGpt tiny, String key, String storageClass) {
    PickleBuilder.Torch t = tiny.get(key);
    tiny.tensors.put(
        key,
        new PickleBuilder.Torch(
            storageClass, t.key(), 2 * t.storageLength(), 0, t.shape(), t.stride()));
  }

  @Test
  void doesNotOverwriteByDefault() throws IOException {
    export("model-0-hf");
    byte[] before = Files.readAllBytes(tmp.resolve("out/model.safetensors"));
    try (Checkpoint other = golden("model-3-nanogpt")) {
      GptException e =
          assertThrows(GptException.class, () -> CheckpointWriter.write(other, tmp.resolve("out")));
      assertTrue(e.getMessage().contains("model.safetensors: exists already"), e.getMessage());
      assertArrayEquals(before, Files.readAllBytes(tmp.resolve("out/model.safetensors")));

      Files.writeString(tmp.resolve("out/characters.json"), "[\"a\"]");
      CheckpointWriter.write(other, tmp.resolve("out"), null, true, fraction -> {});
      try (Checkpoint back = Checkpoint.open(tmp.resolve("out"))) {
        assertEquals(other.weights(), back.weights());
        assertEquals(
            Optional.empty(), back.characters(), "the other model's characters are deleted");
      }
    }
  }

  @Test
  void deletesPartialFilesAfterAFailure() throws IOException {
    Path blocked = tmp.resolve("blocked");
    Files.createDirectories(blocked.resolve("config.json/in-the-way"));
    try (Checkpoint c = golden("model-0-hf")) {
      Path file = Files.writeString(tmp.resolve("file"), "x");
      GptException e =
          assertThrows(GptException.class, () -> CheckpointWriter.write(c, file.resolve("sub")));
      assertTrue(e.getMessage().contains("cannot be written"), e.getMessage());
      assertThrows(
          GptException.class, () -> CheckpointWriter.write(c, blocked, null, true, fraction -> {}));
    }
    try (Stream<Path> left = Files.list(blocked)) {
      assertEquals(List.of(), left.filter(f -> f.toString().endsWith(".partial")).toList());
    }
    assertRefused(blocked, "config.json");
  }

  private static Checkpoint golden(String model) {
    return Checkpoint.open(GoldenCheckpointTest.GOLDEN.resolve(model));
  }

  private void export(String model) {
    try (Checkpoint c = golden(model)) {
      CheckpointWriter.write(c, tmp.resolve("out"));
    }
  }
}
