package gpt.checkpoint.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import gpt.checkpoint.GoldenModels;
import gpt.checkpoint.torch.TinyNanoGpt;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.GoldenNumbers;
import gpt.model.GptConfig;
import gpt.tokenizer.BpeVocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A checkpoint that is written as a GGUF file is read back unchanged. */
class GgufTest {
  private static final Path DEMO = Path.of("weights/shakespeare-char");

  @TempDir Path tmp;

  private Path export(Checkpoint checkpoint, DType dtype, Optional<BpeVocabulary> pairs) {
    Path file = tmp.resolve("sub/" + dtype + ".gguf");
    CheckpointWriter.writeGguf(checkpoint, pairs, file, dtype, true, fraction -> {});
    return file;
  }

  private Path export(Checkpoint checkpoint, DType dtype) {
    return export(checkpoint, dtype, Optional.empty());
  }

  @GoldenModels
  void everyGoldenModelIsReadBackUnchanged(String model) throws Exception {
    Path golden = Path.of("src/test/resources/golden/model-" + model);
    try (Checkpoint c = Checkpoint.open(golden);
        Checkpoint back = Checkpoint.open(export(c, null))) {
      assertEquals("gguf", back.format());
      assertEquals(c.config(), back.config());
      assertEquals(c.weights(), back.weights());
      assertEquals(c.weights().tied(), back.weights().tied());
      assertEquals(Optional.empty(), back.characters());
      try (Engine engine = CpuEngine.open(back.config(), back.weights(), 2)) {
        for (GoldenNumbers.Case numbers :
            GoldenNumbers.read(golden.resolve("golden.json")).cases()) {
          numbers.check(engine, 2e-4, 3);
        }
      }
      Path folder = tmp.resolve("folder");
      CheckpointWriter.write(back, folder);
      try (Checkpoint third = Checkpoint.open(folder)) {
        assertEquals(c.config(), third.config());
        assertEquals(c.weights(), third.weights());
      }
    }
  }

  /** Tokenizer rules and several EOS ids are kept, under keys that llama.cpp does not use. */
  @ParameterizedTest
  @ValueSource(strings = {"special", "gpt2-prefix-space", "added", "nfc", "no-pattern"})
  void tokenizerRulesAndEosIdsAreKept(String name) throws IOException {
    Path tokens = Path.of("src/test/resources/tokenizers", name);
    Path folder = Files.createDirectories(tmp.resolve("own"));
    GptConfig config = new GptConfig(1, 1, 8, 4, 384, 32, true, Gelu.TANH, 1e-5);
    CheckpointWriter.writeRandom(
        config, Optional.empty(), 1, DType.F32, folder, true, fraction -> {});
    for (String file : new String[] {"tokenizer.json", "tokenizer_config.json"}) {
      Files.copy(tokens.resolve(file), folder.resolve(file));
    }
    for (String ends : new String[] {"null", "7", "[9,7]"}) {
      Files.writeString(
          folder.resolve("generation_config.json"), "{\"eos_token_id\":" + ends + "}");
      try (Checkpoint c = Checkpoint.open(folder);
          Checkpoint back = Checkpoint.open(export(c, null, c.bpeVocabulary()))) {
        BpeVocabulary pairs = c.bpeVocabulary().orElseThrow();
        assertEquals(pairs.rules(), back.bpeVocabulary().orElseThrow().rules());
        assertEquals(pairs.padded(384).tokens(), back.bpeVocabulary().orElseThrow().tokens());
        List<Integer> expected =
            ends.equals("null") ? pairs.eosId().stream().boxed().toList() : c.endIds();
        assertEquals(expected, back.endIds());
      }
    }
  }

  @Test
  void theDemoKeepsItsCharacters() throws IOException {
    try (Checkpoint c = Checkpoint.open(DEMO);
        Checkpoint back = Checkpoint.open(export(c, null))) {
      assertEquals(c.config(), back.config());
      assertEquals(c.characters(), back.characters());
      assertEquals(Optional.empty(), back.bpeVocabulary());
      assertEquals(c.weights(), back.weights());
      CheckpointWriter.write(back, tmp.resolve("folder"));
    }
    for (String file : new String[] {"model.safetensors", "config.json", "characters.json"}) {
      assertEquals(
          -1, Files.mismatch(DEMO.resolve(file), tmp.resolve("folder").resolve(file)), file);
    }
  }

  /**
   * Reduced precision changes the demo's logits, of a magnitude of up to 20, by less than the
   * tolerance. bfloat16 keeps 8 significant bits of a weight, Q8_0 7 of a block's largest, float16
   * 11, the others 5 or 4 with the sign.
   */
  @ParameterizedTest
  @CsvSource({"F16, 0.02", "BF16, 0.2", "Q8_0, 0.2", "Q5_1, 1", "Q5_0, 1", "Q4_1, 3", "Q4_0, 3"})
  void reducedPrecisionIsClose(DType dtype, double tolerance) {
    try (Checkpoint c = Checkpoint.open(DEMO);
        Checkpoint near = Checkpoint.open(export(c, dtype));
        Engine exact = CpuEngine.open(c.config(), c.weights(), 2);
        Engine close = CpuEngine.open(near.config(), near.weights(), 2);
        Context exactly = new Context(exact);
        Context closely = new Context(close)) {
      assertEquals(dtype, near.dtype());
      assertEquals(dtype, near.weights().h(5).mlp().cProj().weight().dtype());
      assertEquals(DType.F32, near.weights().wpe().dtype(), "as llama.cpp has it");
      assertEquals(DType.F32, near.weights().h(5).mlp().cProj().bias().dtype());
      int[] ids = {30, 27, 25, 17, 27, 10, 0};
      float[] expected = exactly.append(ids).clone();
      float[] found = closely.append(ids);
      double furthest = 0;
      for (int i = 0; i < expected.length; i++) {
        furthest = Math.max(furthest, Math.abs(expected[i] - found[i]));
      }
      assertTrue(furthest < tolerance, dtype + ": " + furthest);
      assertTrue(furthest > 0, "nothing was rounded");
    }
  }

  /** Q8_0 blocks are copied unchanged. */
  @Test
  void quantizedBlocksAreKept() throws IOException {
    try (Checkpoint c = Checkpoint.open(DEMO);
        Checkpoint q8 = Checkpoint.open(export(c, DType.Q8_0))) {
      Path again = tmp.resolve("again.gguf");
      CheckpointWriter.writeGguf(q8, Optional.empty(), again, null, false, fraction -> {});
      assertEquals(-1, Files.mismatch(q8.path(), again));
      CheckpointWriter.write(q8, tmp.resolve("folder"));
      try (Checkpoint floats = Checkpoint.open(tmp.resolve("folder"))) {
        assertEquals(DType.F32, floats.dtype(), "safetensors have no blocks");
        assertEquals(q8.weights(), floats.weights());
      }
    }
  }

  /** The tiny model's rows are no multiple of Q8_0's block of 32. */
  @Test
  void rowsThatAreNoMultipleOfABlockBecomeFloat16() {
    try (Checkpoint c = Checkpoint.open(new TinyNanoGpt().write(tmp));
        Checkpoint back = Checkpoint.open(export(c, DType.Q8_0))) {
      assertEquals(DType.F16, back.dtype());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void gpt2sTokenizerIsInTheFile() {
    GptConfig config = new GptConfig(1, 1, 32, 4, 50304, 32, true, Gelu.TANH, 1e-5);
    CheckpointWriter.writeRandom(
        config, Optional.empty(), 1, DType.F16, tmp.resolve("r"), false, fraction -> {});
    BpeVocabulary gpt2 = BpeVocabulary.gpt2();
    try (Checkpoint c = Checkpoint.open(tmp.resolve("r"));
        Checkpoint back = Checkpoint.open(export(c, null, Optional.of(gpt2)))) {
      assertEquals(gpt2.padded(50304), back.bpeVocabulary().orElseThrow());
      assertEquals(c.weights(), back.weights());
    }
  }

  @Test
  void doesNotOverwriteAFile() {
    try (Checkpoint c = Checkpoint.open(DEMO)) {
      Path file = export(c, null);
      GptException e =
          assertThrows(
              GptException.class,
              () ->
                  CheckpointWriter.writeGguf(
                      c, Optional.empty(), file, null, false, fraction -> {}));
      assertTrue(e.getMessage().contains("exists already"), e.getMessage());
      assertFalse(Files.exists(tmp.resolve("sub/model.safetensors")));
    }
  }
}
