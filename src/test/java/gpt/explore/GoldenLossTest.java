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

/** nanoGPT's own losses (src/test/resources/golden/README.md). */
public class GoldenLossTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** Of a mean, in nats. */
  private static final double LOSS = 1e-4;

  /** The small models' folders. */
  public static List<Path> models() throws Exception {
    try (Stream<Path> list = Files.list(GOLDEN)) {
      List<Path> folders = list.filter(Files::isDirectory).sorted().toList();
      assertEquals(8, folders.size(), "golden models");
      return folders;
    }
  }

  /** Compares the losses of a model's cases. */
  public static void check(Path folder, Engine engine) throws Exception {
    int compared = 0;
    for (GoldenNumbers.Case golden : GoldenNumbers.read(folder.resolve("golden.json")).cases()) {
      if (golden.loss() != null) {
        int block = engine.config().blockSize();
        Loss loss = LossMeter.measure(engine, golden.ids(), block, (all, first, end) -> {});
        assertEquals(golden.loss(), loss.nats(), LOSS, folder + " " + golden.name());
        compared++;
      }
    }
    // The model with a context of one token has cases of one token only.
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

  /** The demo's loss with matrices of fewer bits: so near to that of its floats. */
  @ParameterizedTest
  @CsvSource({"BF16, 0.005", "F16, 0.005", "I8, 0.02"})
  void demoWithFewerBits(Precision precision, double near) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(Path.of("weights/shakespeare-char"));
        Engine engine =
            CpuEngine.open(
                checkpoint.config(), checkpoint.weights(), precision, 2, fraction -> {})) {
      Loss loss = LossMeter.measure(engine, demoText(checkpoint), 256, (all, first, end) -> {});
      System.out.printf(
          Locale.ROOT, "demo, %s: loss %.5f nats, f32 1.40326%n", precision.word(), loss.nats());
      assertEquals(1.4032576948, loss.nats(), near);
      assertEquals(precision.word(), engine.dtype());
    }
  }

  private static int[] demoText(Checkpoint checkpoint) throws Exception {
    return Tokenizers.forModel(checkpoint.characters(), checkpoint.config().vocabSize())
        .orElseThrow()
        .encode(Files.readString(GOLDEN.resolve("demo-validation.txt")));
  }

  /** Compares the 40 windows of the validation text, and the figures that follow. */
  public static void checkDemo(Checkpoint checkpoint, Engine engine) throws Exception {
    double[] expected = GoldenNumbers.read(GOLDEN.resolve("demo.json")).val_losses();
    int[] ids = demoText(checkpoint);
    Loss loss = LossMeter.measure(engine, ids, 256, (all, first, end) -> {});
    assertEquals(40, expected.length);
    assertEquals(40, new Windows(ids.length, 256, 256).count());
    for (int i = 0; i < 40; i++) {
      double[] window = Arrays.copyOfRange(loss.losses(), 256 * i + 1, 256 * i + 257);
      assertEquals(expected[i], Arrays.stream(window).average().orElseThrow(), LOSS, "window " + i);
    }
    assertEquals(1.4032576948, loss.nats(), LOSS);
  }
}
