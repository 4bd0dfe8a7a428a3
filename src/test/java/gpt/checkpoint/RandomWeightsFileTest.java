package gpt.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint with random weights: nanoGPT's initialization, reproducible from its seed. */
class RandomWeightsFileTest {
  private static final GptConfig CONFIG =
      new GptConfig(3, 2, 96, 40, 1500, 400, true, Gelu.TANH, 1e-5);

  @TempDir Path tmp;

  private Path write(String name, GptConfig config, long seed, DType dtype) {
    Path folder = tmp.resolve(name);
    CheckpointWriter.writeRandom(
        config, Optional.empty(), seed, dtype, folder, false, fraction -> {});
    return folder;
  }

  @Test
  void isInitializedLikeNanoGpt() {
    try (Checkpoint c = Checkpoint.open(write("a", CONFIG, 1, DType.F32))) {
      assertEquals(CONFIG, c.config());
      assertTrue(c.weights().tied());
      assertDeviation(0.02, c.weights().wte());
      assertDeviation(0.02, c.weights().wpe());
      for (int i = 0; i < 3; i++) {
        var h = c.weights().h(i);
        assertDeviation(0.02, h.attn().cAttn().weight());
        assertDeviation(0.02 / Math.sqrt(6), h.attn().cProj().weight());
        assertDeviation(0.02, h.mlp().cFc().weight());
        assertDeviation(0.02 / Math.sqrt(6), h.mlp().cProj().weight());
        assertAll(0, h.attn().cAttn().bias());
        assertAll(0, h.mlp().cProj().bias());
        assertAll(1, h.ln1().weight());
        assertAll(0, h.ln2().bias());
      }
      assertAll(1, c.weights().lnF().weight());
      assertNotEquals(
          c.weights().h(0).attn().cAttn().weight(), c.weights().h(1).attn().cAttn().weight());
    }
  }

  private static void assertDeviation(double expected, Tensor t) {
    double sum = 0;
    double squares = 0;
    for (float v : t.toArray()) {
      sum += v;
      squares += v * v;
    }
    double n = t.size();
    assertEquals(0, sum / n, 5 * expected / Math.sqrt(n), t + ": mean");
    assertEquals(
        expected, Math.sqrt(squares / n), 5 * expected / Math.sqrt(2 * n), t + ": deviation");
  }

  private static void assertAll(float expected, Tensor t) {
    for (float v : t.toArray()) {
      assertEquals(expected, v, t.toString());
    }
  }

  @Test
  void oneSeedGivesTheSameBytes() throws Exception {
    Path a = write("a", CONFIG, 1, DType.F32).resolve("model.safetensors");
    try (ForkJoinPool one = new ForkJoinPool(1)) {
      Path b = one.submit(() -> write("b", CONFIG, 1, DType.F32)).get();
      assertEquals(-1, Files.mismatch(a, b.resolve("model.safetensors")), "with one thread");
    }
    Path other = write("c", CONFIG, 2, DType.F32).resolve("model.safetensors");
    assertNotEquals(-1, Files.mismatch(a, other));
  }

  @Test
  void reducedPrecisionRoundsTheSameNumbers() {
    try (Checkpoint f32 = Checkpoint.open(write("f32", CONFIG, 1, DType.F32));
        Checkpoint f16 = Checkpoint.open(write("f16", CONFIG, 1, DType.F16));
        Checkpoint bf16 = Checkpoint.open(write("bf16", CONFIG, 1, DType.BF16))) {
      assertEquals(DType.F16, f16.dtype());
      assertEquals(DType.BF16, bf16.dtype());
      Tensor exact = f32.weights().h(2).mlp().cProj().weight();
      Tensor float16 = f16.weights().h(2).mlp().cProj().weight();
      Tensor bfloat16 = bf16.weights().h(2).mlp().cProj().weight();
      for (int r = 0; r < exact.rows(); r++) {
        for (int c = 0; c < exact.columns(); c++) {
          float v = exact.get(r, c);
          assertEquals(Float.float16ToFloat(Float.floatToFloat16(v)), float16.get(r, c));
          assertEquals(v, bfloat16.get(r, c), Math.abs(v) * 0x1p-8);
        }
      }
    }
  }

  @Test
  void modelsWithoutBiasAndWithCharacters() throws IOException {
    GptConfig config = new GptConfig(1, 1, 8, 4, 2, 32, false, Gelu.EXACT, 1e-6);
    CheckpointWriter.writeRandom(
        config,
        Optional.of(List.of("a", "b")),
        1,
        DType.F32,
        tmp.resolve("x"),
        false,
        fraction -> {});
    try (Checkpoint c = Checkpoint.open(tmp.resolve("x"))) {
      assertEquals(config, c.config());
      assertEquals(Optional.of(List.of("a", "b")), c.characters());
    }
  }

  /** The files would exceed any disk; nothing is written. */
  @Test
  void refusesAModelLargerThanTheDisk() {
    GptConfig huge = new GptConfig(2_000, 1, 100_000, 4, 2, 1_000_000_000, true, Gelu.TANH, 1e-5);
    GptException e =
        Assertions.assertThrows(GptException.class, () -> write("huge", huge, 1, DType.F32));
    assertTrue(
        e.getMessage().matches(".*huge: expected \\d+ MB of free disk space, found.*"),
        e::toString);
    assertFalse(Files.exists(tmp.resolve("huge")));
  }
}
