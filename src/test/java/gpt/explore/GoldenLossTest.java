package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.Loss;
import gpt.backend.cpu.CpuEngine;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.model.GoldenNumbers;
import gpt.model.Precision;
import gpt.tokenizer.Tokenizers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Compares losses with nanoGPT's (src/test/resources/golden/README.md). */
public class GoldenLossTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** Maximum error of a mean loss, in nats. */
  private static final double MAX_ERROR = 1e-4;

  /** The folders of the small models. */
  public static List<Path> models() throws Exception {
    try (Stream<Path> list = Files.list(GOLDEN)) {
      List<Path> folders = list.filter(Files::isDirectory).sorted().toList();
      assertEquals(8, folders.size(), "golden models");
      return folders;
    }
  }

  /** Compares the losses of all cases of a model. */
  public static void check(Path folder, Engine engine) throws Exception {
    int compared = 0;
    for (GoldenNumbers.Case golden : GoldenNumbers.read(folder.resolve("golden.json")).cases()) {
      if (golden.loss() != null) {
        int block = engine.config().blockSize();
        Loss loss = LossMeter.measure(engine, golden.ids(), block, (all, first, end) -> {});
        assertEquals(golden.loss(), loss.nats(), MAX_ERROR, folder + " " + golden.name());
        compared++;
      }
    }
    // The model with a block_size of 1 has cases of one token only, which have no loss.
    assertEquals(engine.config().blockSize() == 1 ? 0 : 2, compared, folder.toString());
  }

  @ParameterizedTest
  @MethodSource("models")
  void smallModels(Path folder) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        Engine engine = CpuEngine.open(checkpoint.config(), checkpoint.weights(), 2)) {
      check(folder, engine);
    }
  }

  @Test
  void demo() throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(Path.of("weights/shakespeare-char"));
        Engine engine = CpuEngine.open(checkpoint.config(), checkpoint.weights(), 2)) {
      checkDemo(checkpoint, engine);
    }
  }

  /** Reduced-precision weights change the demo's loss by at most {@code maxError}. */
  @ParameterizedTest
  @CsvSource({"BF16, 0.005", "F16, 0.005", "I8, 0.02", "Q4, 0.03"})
  void demoWithReducedPrecision(Precision precision, double maxError) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(Path.of("weights/shakespeare-char"));
        Engine engine =
            CpuEngine.open(
                checkpoint.config(), checkpoint.weights(), precision, 2, fraction -> {})) {
      Loss loss = LossMeter.measure(engine, demoText(checkpoint), 256, (all, first, end) -> {});
      System.out.printf(
          Locale.ROOT, "demo, %s: loss %.5f nats, f32 1.40326%n", precision.word(), loss.nats());
      assertEquals(1.4032576948, loss.nats(), maxError);
      assertEquals(precision.word(), engine.dtype());
    }
  }

  private static int[] demoText(Checkpoint checkpoint) throws Exception {
    return Tokenizers.forModel(checkpoint.characters(), checkpoint.config().vocabSize())
        .orElseThrow()
        .encode(Files.readString(GOLDEN.resolve("demo-validation.txt")));
  }

  /** Compares the mean loss of each of the validation text's 40 windows, and of all. */
  public static void checkDemo(Checkpoint checkpoint, Engine engine) throws Exception {
    double[] expected = GoldenNumbers.read(GOLDEN.resolve("demo.json")).val_losses();
    int[] ids = demoText(checkpoint);
    Loss loss = LossMeter.measure(engine, ids, 256, (all, first, end) -> {});
    assertEquals(40, expected.length);
    assertEquals(40, new Windows(ids.length, 256, 256).count());
    for (int i = 0; i < 40; i++) {
      double[] window = Arrays.copyOfRange(loss.losses(), 256 * i + 1, 256 * i + 257);
      double mean = Arrays.stream(window).average().orElseThrow();
      assertEquals(expected[i], mean, MAX_ERROR, "window " + i);
    }
    assertEquals(1.4032576948, loss.nats(), MAX_ERROR);
  }
}
