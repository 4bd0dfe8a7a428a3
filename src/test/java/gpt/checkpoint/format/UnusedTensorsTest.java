package gpt.checkpoint.format;

import static gpt.checkpoint.huggingface.TinyHuggingFace.numbers;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import gpt.checkpoint.gguf.TinyGguf;
import gpt.checkpoint.huggingface.TinyHuggingFace;
import gpt.checkpoint.torch.PickleBuilder.Torch;
import gpt.checkpoint.torch.TinyNanoGpt;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Unused tensors get one note in every format. */
class UnusedTensorsTest {
  @TempDir Path tmp;

  private static void assertNote(Path model, String expected) {
    try (Checkpoint c = Checkpoint.open(model)) {
      assertEquals(1, c.notes().size(), c.notes()::toString);
      assertTrue(c.notes().getFirst().endsWith(expected), c.notes()::toString);
    }
  }

  private static void assertNoNote(Path model) {
    try (Checkpoint c = Checkpoint.open(model)) {
      assertEquals(List.of(), c.notes());
    }
  }

  @Test
  void safetensors() throws IOException {
    TinyHuggingFace tiny = new TinyHuggingFace(tmp);
    for (String mask : List.of("h.0.attn.bias", "h.0.attn.masked_bias")) {
      add(tiny, "transformer." + mask);
    }
    assertNoNote(tiny.write());
    for (int layer : new int[] {1, 2, 3}) {
      add(tiny, "transformer.h." + layer + ".ln_1.weight");
    }
    add(tiny, "transformer.h.0.attn.c_attn.lora_A.weight");
    add(tiny, "score.weight");
    assertNote(
        tiny.write(),
        "model.safetensors: 5 tensors are not used by the model: transformer.h.{1...3}.ln_1.weight,"
            + " transformer.h.0.attn.c_attn.lora_A.weight, score.weight");
  }

  private static void add(TinyHuggingFace tiny, String key) {
    int end = tiny.data.length;
    JsonObject tensor = new JsonObject();
    tensor.addProperty("dtype", "F32");
    tensor.add("shape", numbers(1));
    tensor.add("data_offsets", numbers(end, end + 4));
    tiny.header.add(key, tensor);
    tiny.data = Arrays.copyOf(tiny.data, end + 4);
  }

  @Test
  void nanoGpt() throws IOException {
    TinyNanoGpt tiny = new TinyNanoGpt();
    tiny.tensors.put(
        "transformer.h.0.attn.bias",
        new Torch("torch.BoolStorage", "no", 9, 0, List.of(1, 1, 3, 3), List.of(9, 9, 3, 1)));
    assertNoNote(tiny.write(tmp));
    tiny.add("_orig_mod.value_head.weight", 1, 2);
    assertNote(tiny.write(tmp), "ckpt.pt: 1 tensor is not used by the model: value_head.weight");
  }

  @Test
  void gguf() throws IOException {
    TinyGguf tiny = new TinyGguf();
    assertNoNote(tiny.write(tmp));
    int size = tiny.data.length;
    tiny.add("blk.1.attn_norm.weight", 2);
    tiny.add("blk.3.attn_norm.weight", 2);
    tiny.data = Arrays.copyOf(tiny.data, size + 64);
    assertNote(
        tiny.write(tmp),
        "tiny.gguf: 2 tensors are not used by the model: blk.{1, 3}.attn_norm.weight");
  }

  /** The zero biases that llama.cpp requires are not reported as unused. */
  @Test
  void aGgufWithoutBiases() throws IOException {
    TinyNanoGpt nano = new TinyNanoGpt();
    nano.args.put("bias", false);
    nano.tensors.keySet().removeIf(key -> key.endsWith(".bias"));
    Path file = tmp.resolve("nano.gguf");
    try (Checkpoint c = Checkpoint.open(nano.write(tmp))) {
      CheckpointWriter.writeGguf(c, Optional.empty(), file, null, false, fraction -> {});
    }
    assertNoNote(file);
  }

  @Test
  void aNoteListsAtMostEightNames() {
    List<String> names = IntStream.range(0, 10).mapToObj(i -> "x" + i).toList();
    assertEquals(
        List.of(
            "a: 10 tensors are not used by the model: x0, x1, x2, x3, x4, x5, x6, x7 and 2 more"
                + " names"),
        UnusedTensors.note(Path.of("a"), names));
  }
}
