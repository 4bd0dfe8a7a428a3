package gpt.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.backend.cpu.kernels.ScalarKernels;
import gpt.backend.cpu.kernels.VectorKernels;
import gpt.backend.reference.ReferenceEngine;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.model.GoldenNumbers;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Both forward passes, the fast one with vector and with plain kernels, against results of
 * nanoGPT's model.py in double precision (src/test/resources/golden/README.md): logits, losses and
 * greedy continuations that slide past the end of the context window.
 */
class GoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path DEMO = Path.of("weights/shakespeare-char");

  /** Largest allowed error of a logit; logits are of magnitude up to about 20. */
  private static final double LOGITS = 2e-4;

  /** How a engine is made of a checkpoint. */
  private enum Forward {
    REFERENCE,
    VECTOR,
    PLAIN;

    Engine open(GptConfig config, Weights weights) {
      return switch (this) {
        case REFERENCE -> new ReferenceEngine(config, weights);
        case VECTOR ->
            new CpuEngine(config, weights, Precision.F32, 2, new VectorKernels(), f -> {});
        case PLAIN ->
            new CpuEngine(config, weights, Precision.F32, 2, new ScalarKernels(8), f -> {});
      };
    }
  }

  static Stream<Arguments> models() throws Exception {
    List<Path> folders;
    try (Stream<Path> list = Files.list(GOLDEN)) {
      folders = list.filter(Files::isDirectory).sorted().toList();
    }
    assertEquals(8, folders.size(), "golden models");
    return folders.stream()
        .flatMap(f -> Arrays.stream(Forward.values()).map(p -> Arguments.of(f, p)));
  }

  @ParameterizedTest
  @MethodSource("models")
  void smallModels(Path folder, Forward path) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(folder);
        Engine engine = path.open(checkpoint.config(), checkpoint.weights())) {
      for (GoldenNumbers.Case golden : GoldenNumbers.read(folder.resolve("golden.json")).cases()) {
        golden.check(engine, LOGITS, golden.greedy().length);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("demoPaths")
  void demo(Forward path) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(DEMO);
        Engine engine = path.open(checkpoint.config(), checkpoint.weights())) {
      for (GoldenNumbers.Case golden : GoldenNumbers.read(GOLDEN.resolve("demo.json")).cases()) {
        int length =
            switch (path) {
              // It recomputes the whole context for each token: a few tokens are enough.
              case REFERENCE -> golden.ids().length + 3;
              // Past the end of the window each token is a slow prefill: a few tokens are enough.
              case PLAIN -> Math.min(golden.greedy().length, engine.config().blockSize() + 5);
              case VECTOR -> golden.greedy().length;
            };
        golden.check(engine, LOGITS, length);
      }
    }
  }

  static Stream<Forward> demoPaths() {
    return Arrays.stream(Forward.values());
  }

  @Test
  void demoValidationLosses() throws Exception {
    double[] expected = GoldenNumbers.read(GOLDEN.resolve("demo.json")).val_losses();
    try (Checkpoint checkpoint = Checkpoint.open(DEMO);
        Engine engine = Forward.VECTOR.open(checkpoint.config(), checkpoint.weights())) {
      List<String> characters = checkpoint.characters().orElseThrow();
      int[] ids =
          Files.readString(GOLDEN.resolve("demo-validation.txt"))
              .codePoints()
              .map(c -> characters.indexOf(Character.toString(c)))
              .toArray();
      assertEquals(40, expected.length);
      for (int window = 0; window < expected.length; window++) {
        int[] x = Arrays.copyOfRange(ids, window * 256, window * 256 + 257);
        assertEquals(
            expected[window],
            GoldenNumbers.loss(engine, x),
            GoldenNumbers.LOSS,
            "window " + window);
      }
    }
  }
}
