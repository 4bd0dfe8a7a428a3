package gpt.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import gpt.checkpoint.Checkpoint;
import gpt.model.Backend;
import gpt.model.GptConfig;
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
 * Both forward passes, the fast one with either kernel set, against numbers that nanoGPT's own
 * model.py gave in double precision (src/test/resources/golden/README.md): logits, losses and
 * greedy continuations that run past the context's end.
 */
class GoldenTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final Path DEMO = Path.of("weights/shakespeare-char");

  /** Largest error of a logit; the logits' own magnitude is up to about 20. */
  private static final double LOGITS = 2e-4;

  /** Error of a mean loss in nats. */
  private static final double LOSS = 1e-5;

  /** How a backend is made of a checkpoint. */
  private enum Forward {
    REFERENCE,
    VECTOR,
    PLAIN;

    Backend open(GptConfig config, Weights weights) {
      return switch (this) {
        case REFERENCE -> new ReferenceBackend(config, weights);
        case VECTOR -> new CpuBackend(config, weights, 2, new VectorKernels(), f -> {});
        case PLAIN -> new CpuBackend(config, weights, 2, new PlainKernels(), f -> {});
      };
    }
  }

  private record Golden(List<Case> cases, double[] val_losses) {
    static Golden read(Path file) throws Exception {
      return new Gson().fromJson(Files.readString(file), Golden.class);
    }
  }

  private record Case(
      String name,
      int[] ids,
      double[] logits_first,
      double[] logits_last,
      Double loss,
      int[] greedy) {}

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
        Backend backend = path.open(checkpoint.config(), checkpoint.weights())) {
      for (Case golden : Golden.read(folder.resolve("golden.json")).cases) {
        check(backend, golden, golden.greedy.length);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("demoPaths")
  void demo(Forward path) throws Exception {
    try (Checkpoint checkpoint = Checkpoint.open(DEMO);
        Backend backend = path.open(checkpoint.config(), checkpoint.weights())) {
      for (Case golden : Golden.read(GOLDEN.resolve("demo.json")).cases) {
        int length =
            switch (path) {
              // Recomputes the whole context for each token: a few are enough.
              case REFERENCE -> golden.ids.length + 3;
              // Slow past the context's end, where each token is a prefill: cross it and stop.
              case PLAIN -> Math.min(golden.greedy.length, backend.config().blockSize() + 5);
              case VECTOR -> golden.greedy.length;
            };
        check(backend, golden, length);
      }
    }
  }

  static Stream<Forward> demoPaths() {
    return Arrays.stream(Forward.values());
  }

  @Test
  void demoValidationLosses() throws Exception {
    double[] expected = Golden.read(GOLDEN.resolve("demo.json")).val_losses;
    try (Checkpoint checkpoint = Checkpoint.open(DEMO);
        Backend backend = Forward.VECTOR.open(checkpoint.config(), checkpoint.weights())) {
      List<String> characters = checkpoint.characters().orElseThrow();
      int[] ids =
          Files.readString(GOLDEN.resolve("demo-validation.txt"))
              .codePoints()
              .map(c -> characters.indexOf(Character.toString(c)))
              .toArray();
      assertEquals(40, expected.length);
      for (int window = 0; window < expected.length; window++) {
        int[] x = Arrays.copyOfRange(ids, window * 256, window * 256 + 257);
        assertEquals(expected[window], loss(backend, x), LOSS, "window " + window);
      }
    }
  }

  private static void check(Backend backend, Case golden, int greedyLength) {
    int last = golden.ids.length - 1;
    double[][] logits = logits(backend, golden.ids);
    assertLogits(golden.logits_first, logits[0], golden.name + " first");
    assertLogits(golden.logits_last, logits[last], golden.name + " last");
    if (golden.loss != null) {
      // The file's loss is over the sequence's own next tokens: T − 1 of them.
      assertEquals(golden.loss, loss(backend, golden.ids), LOSS, golden.name + " loss");
    }
    int[] expected = Arrays.copyOf(golden.greedy, greedyLength);
    assertArrayEquals(expected, greedy(backend, golden.ids, greedyLength), golden.name);
  }

  private static void assertLogits(double[] expected, double[] actual, String what) {
    assertEquals(expected.length, actual.length);
    for (int i = 0; i < expected.length; i++) {
      CpuKernelsTest.assertClose(expected[i], actual[i], LOGITS, what + " logit " + i);
    }
  }

  private static double[][] logits(Backend backend, int[] ids) {
    double[][] all = new double[ids.length][backend.config().vocabSize()];
    try (Backend.Session session = backend.newSession()) {
      session.prefill(ids, (pos, row) -> Arrays.setAll(all[pos], i -> row[i]));
    }
    return all;
  }

  /** Mean cross-entropy of ids[1…] given what precedes each, in nats. */
  private static double loss(Backend backend, int[] ids) {
    double[][] logits = logits(backend, Arrays.copyOf(ids, ids.length - 1));
    double sum = 0;
    for (int t = 0; t < logits.length; t++) {
      double max = Arrays.stream(logits[t]).max().orElseThrow();
      double total = Arrays.stream(logits[t]).map(v -> Math.exp(v - max)).sum();
      sum += max + Math.log(total) - logits[t][ids[t + 1]];
    }
    return sum / logits.length;
  }

  /** The prompt and its continuation; a full context is cropped and recomputed, as nanoGPT does. */
  private static int[] greedy(Backend backend, int[] prompt, int length) {
    int block = backend.config().blockSize();
    int[] ids = Arrays.copyOf(prompt, length);
    try (Backend.Session session = backend.newSession()) {
      for (int n = prompt.length; n < length; n++) {
        float[] logits;
        if (n > prompt.length && session.length() < block) {
          logits = session.decode(ids[n - 1]);
        } else {
          session.truncate(0);
          logits = session.prefill(Arrays.copyOfRange(ids, Math.max(0, n - block), n));
        }
        ids[n] = argmax(logits, backend.config().vocabSize());
      }
    }
    return ids;
  }

  private static int argmax(float[] x, int n) {
    int best = 0;
    for (int i = 1; i < n; i++) {
      best = x[i] > x[best] ? i : best;
    }
    assertTrue(Float.isFinite(x[best]));
    return best;
  }
}
