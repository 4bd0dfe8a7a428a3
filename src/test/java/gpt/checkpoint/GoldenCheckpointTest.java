package gpt.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Weights;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints written by PyTorch: nanoGPT's and the same weights as Hugging Face folders. */
class GoldenCheckpointTest {
  static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** The last two columns: element [1][2] of wte and of mlp.c_proj, read with Python. */
  @ParameterizedTest
  @CsvSource({
    "0-nanogpt, 2, 3, 48,  32,  97, true,  -0.044536150991916656, 0.022701062262058258",
    "0-hf,      2, 3, 48,  32,  97, true,  -0.044536150991916656, 0.022701062262058258",
    "1-nanogpt, 3, 1, 33,  24,  50, false, -0.05219954997301102,  0.007501199375838041",
    "2-nanogpt, 1, 7, 63,  16, 131, true,  0.0676882266998291,    -0.031846918165683746",
    "2-hf,      1, 7, 63,  16, 131, true,  0.0676882266998291,    -0.031846918165683746",
    "3-nanogpt, 2, 4, 64,   1,  65, false, 0.21352487802505493,   0.020131655037403107",
    "4-nanogpt, 4, 5, 80,  64, 257, true,  0.06917612254619598,   -0.05627242103219032",
    "4-hf,      4, 5, 80,  64, 257, true,  0.06917612254619598,   -0.05627242103219032",
  })
  void hasTheExpectedShapeAndValues(
      String model,
      int nLayer,
      int nHead,
      int nEmbd,
      int blockSize,
      int vocabSize,
      boolean bias,
      double wte,
      double cProj) {
    boolean hf = model.endsWith("-hf");
    try (Checkpoint c = Checkpoint.open(GOLDEN.resolve("model-" + model))) {
      Gelu gelu = hf ? Gelu.TANH : Gelu.EXACT;
      assertEquals(
          new GptConfig(nLayer, nHead, nEmbd, blockSize, vocabSize, 4 * nEmbd, bias, gelu, 1e-5),
          c.config());
      assertEquals(hf ? "safetensors" : "nanoGPT checkpoint", c.format());
      assertEquals(DType.F32, c.dtype());
      assertTrue(c.characters().isEmpty());
      Weights w = c.weights();
      assertTrue(w.tied());
      assertSame(w.wte(), w.lmHead());
      assertEquals((float) wte, w.wte().get(1, 2));
      assertEquals((float) cProj, w.h(0).mlp().cProj().weight().get(1, 2));
      assertEquals(nLayer, w.h().size());
      for (Weights.Block b : w.h()) {
        assertEquals(List.of(3 * nEmbd, nEmbd), shape(b.attn().cAttn()));
        assertEquals(List.of(nEmbd, nEmbd), shape(b.attn().cProj()));
        assertEquals(List.of(4 * nEmbd, nEmbd), shape(b.mlp().cFc()));
        assertEquals(List.of(nEmbd, 4 * nEmbd), shape(b.mlp().cProj()));
        if (bias) {
          assertEquals(3 * nEmbd, b.attn().cAttn().bias().columns());
        } else {
          assertNull(b.attn().cAttn().bias());
          assertNull(b.ln1().bias());
        }
      }
    }
  }

  private static List<Integer> shape(Weights.Linear linear) {
    return List.of(linear.weight().rows(), linear.weight().columns());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 4})
  void bothFormatsHoldTheSameWeights(int model) {
    try (Checkpoint nano = Checkpoint.open(GOLDEN.resolve("model-" + model + "-nanogpt"));
        Checkpoint hf = Checkpoint.open(GOLDEN.resolve("model-" + model + "-hf"))) {
      assertEquals(nano.weights(), hf.weights());
    }
  }

  @Test
  void opensAFileAsWellAsAFolder() {
    for (String file : List.of("model-0-nanogpt/ckpt.pt", "model-0-hf/model.safetensors")) {
      try (Checkpoint c = Checkpoint.open(GOLDEN.resolve(file))) {
        assertEquals(GOLDEN.resolve(file), c.path());
        assertEquals(97, c.config().vocabSize());
      }
    }
  }
}
