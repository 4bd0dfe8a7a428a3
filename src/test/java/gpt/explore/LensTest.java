package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.Gson;
import gpt.backend.cpu.CpuEngine;
import gpt.backend.reference.ReferenceEngine;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The lens against the model's own predictions, the reference, and nanoGPT's numbers. */
class LensTest {
  private static final int[] IDS = {3, 0, 9, 11, 3, 7};
  private static final int FIRST = 2;

  private final GptConfig config = RandomWeights.shape(3, 2, 12, 9, 20, true, Gelu.TANH);
  private final Weights weights = RandomWeights.of(config, 49_2026, 0.4f);

  @Test
  void theLastLayerIsTheModelsOwnPrediction() {
    try (CpuEngine engine = CpuEngine.open(config, weights, 1);
        Sequence sequence = engine.open()) {
      Lens lens = Lens.of(engine, IDS, FIRST, 20);
      assertEquals(4, lens.layers().size());
      Lens.Layer last = lens.layers().getLast();
      Want logits = new Want.Logits(IDS.length, (pos, row) -> assertIsSoftmax(row, last, pos));
      engine.step(List.of(new Work(sequence, IDS, logits)));
    }
  }

  private static void assertIsSoftmax(float[] logits, Lens.Layer last, int pos) {
    if (pos < FIRST) {
      return;
    }
    Lens.Prediction found = last.predictions().get(pos - FIRST);
    double sum = 0;
    for (int id = 0; id < 20; id++) {
      sum += Math.exp(logits[id]);
    }
    for (int i = 0; i < 20; i++) {
      assertEquals(Math.exp(logits[found.ids()[i]]) / sum, found.probabilities()[i], 1e-12);
    }
    assertEquals(found.probabilities()[0], found.finalProbability());
  }

  @Test
  void everyLayerEqualsTheReferences() {
    try (CpuEngine fast = CpuEngine.open(config, weights, 2);
        Engine plain = new ReferenceEngine(config, weights)) {
      Lens expected = Lens.of(plain, IDS, FIRST, 5);
      Lens found = Lens.of(fast, IDS, FIRST, 5);
      assertEquals(4, found.rows());
      for (int i = 0; i < 4; i++) {
        Lens.Layer e = expected.layers().get(i);
        Lens.Layer f = found.layers().get(i);
        assertArrayEquals(e.stream(), f.stream(), 1e-5);
        assertArrayEquals(e.attn(), f.attn(), 1e-5);
        assertArrayEquals(e.mlp(), f.mlp(), 1e-5);
        for (int row = 0; row < 4; row++) {
          Lens.Prediction from = e.predictions().get(row);
          assertArrayEquals(from.ids(), f.predictions().get(row).ids());
          assertArrayEquals(from.probabilities(), f.predictions().get(row).probabilities(), 1e-6);
          assertEquals(from.finalProbability(), f.predictions().get(row).finalProbability(), 1e-6);
        }
      }
      float[] mlp = Activations.of(plain, IDS, Site.MLP, 1)[FIRST];
      double squares = 0;
      for (float value : mlp) {
        squares += value * value;
      }
      assertEquals(Math.sqrt(squares), found.layers().get(2).mlp()[0], 1e-5, "row 0 is FIRST");
    }
  }

  /**
   * Activations and the lens's logits of nanoGPT's model.py in double precision, at the last token.
   *
   * @param ids the prompt
   * @param last the values by site and layer: {@code attn.1}
   * @param lens_logits lm_head(ln_f(x)) after each layer
   */
  private record Golden(int[] ids, Map<String, double[]> last, double[][] lens_logits) {}

  @Test
  void activationsAndLensEqualNanoGpts() throws Exception {
    Path folder = Path.of("src/test/resources/golden/model-0-nanogpt");
    String json = Files.readString(folder.resolve("activations.json"));
    Golden golden = new Gson().fromJson(json, Golden.class);
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        Engine engine = CpuEngine.open(checkpoint.config(), checkpoint.weights(), 2)) {
      assertEquals(9, golden.last.size());
      golden.last.forEach(
          (name, expected) -> {
            String[] parts = name.split("\\.");
            Site site = Site.valueOf(parts[0].toUpperCase(Locale.ROOT));
            float[][] found = Activations.of(engine, golden.ids, site, Integer.parseInt(parts[1]));
            assertEquals(expected.length, found[2].length, name);
            for (int i = 0; i < expected.length; i++) {
              assertEquals(expected[i], found[2][i], 2e-5, name + " " + i);
            }
          });
      Lens lens = Lens.of(engine, golden.ids, 2, 3);
      assertEquals(3, golden.lens_logits.length);
      for (int layer = 0; layer < 3; layer++) {
        Lens.Prediction found = lens.layers().get(layer).predictions().getFirst();
        double[] logits = golden.lens_logits[layer];
        double sum = Arrays.stream(logits).map(Math::exp).sum();
        assertEquals(Arrays.stream(logits).max().orElseThrow(), logits[found.ids()[0]], 1e-4);
        for (int i = 0; i < 3; i++) {
          assertEquals(Math.exp(logits[found.ids()[i]]) / sum, found.probabilities()[i], 1e-5);
        }
      }
    }
  }
}
