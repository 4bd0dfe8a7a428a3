package gpt.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import gpt.engine.Context;
import gpt.engine.Engine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Results of nanoGPT's model.py in double precision (src/test/resources/golden/README.md), to
 * compare an engine with.
 *
 * @param cases prompts with their logits, losses and greedy continuations
 * @param val_losses losses of windows of the validation text; the demo only
 */
public record GoldenNumbers(List<Case> cases, double[] val_losses) {
  /** Largest allowed error of a mean loss in nats. */
  public static final double LOSS = 1e-5;

  /** Reads a golden.json. */
  public static GoldenNumbers read(Path file) throws Exception {
    return new Gson().fromJson(Files.readString(file), GoldenNumbers.class);
  }

  /** A prompt and its expected results. */
  public record Case(
      String name,
      int[] ids,
      double[] logits_first,
      double[] logits_last,
      Double loss,
      int[] greedy) {
    /**
     * Compares an engine's logits at the first and last position, its loss, and its greedy
     * continuation up to {@code greedyLength} tokens, which may slide past the context window.
     */
    public void check(Engine engine, double tolerance, int greedyLength) {
      int last = ids.length - 1;
      double[][] logits = GoldenNumbers.logits(engine, ids);
      assertLogits(logits_first, logits[0], tolerance, name + " first");
      assertLogits(logits_last, logits[last], tolerance, name + " last");
      if (loss != null) {
        // The file's loss is over the sequence's own next tokens: T − 1 of them.
        assertEquals(loss, GoldenNumbers.loss(engine, ids), LOSS, name + " loss");
      }
      int[] expected = Arrays.copyOf(greedy, greedyLength);
      assertArrayEquals(expected, GoldenNumbers.greedy(engine, ids, greedyLength), name);
    }

    private static void assertLogits(
        double[] expected, double[] actual, double tolerance, String what) {
      assertEquals(expected.length, actual.length);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], actual[i], tolerance, what + " logit " + i);
      }
    }
  }

  static double[][] logits(Engine engine, int[] ids) {
    double[][] all = new double[ids.length][engine.config().vocabSize()];
    try (Context context = new Context(engine)) {
      context.append(ids, (pos, row) -> Arrays.setAll(all[pos], i -> row[i]));
    }
    return all;
  }

  /** Mean cross-entropy of ids[1…], each given the tokens before it, in nats. */
  public static double loss(Engine engine, int[] ids) {
    double[][] logits = logits(engine, Arrays.copyOf(ids, ids.length - 1));
    double sum = 0;
    for (int t = 0; t < logits.length; t++) {
      double max = Arrays.stream(logits[t]).max().orElseThrow();
      double total = Arrays.stream(logits[t]).map(v -> Math.exp(v - max)).sum();
      sum += max + Math.log(total) - logits[t][ids[t + 1]];
    }
    return sum / logits.length;
  }

  /** The prompt and its continuation; a full context is cropped and recomputed, as nanoGPT does. */
  static int[] greedy(Engine engine, int[] prompt, int length) {
    int block = engine.config().blockSize();
    int[] ids = Arrays.copyOf(prompt, length);
    try (Context context = new Context(engine)) {
      for (int n = prompt.length; n < length; n++) {
        float[] logits;
        if (n > prompt.length && context.length() < block) {
          logits = context.append(ids[n - 1]);
        } else {
          context.truncate(0);
          logits = context.append(Arrays.copyOfRange(ids, Math.max(0, n - block), n));
        }
        ids[n] = argmax(logits, engine.config().vocabSize());
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
