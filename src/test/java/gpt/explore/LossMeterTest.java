package gpt.explore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.Loss;
import gpt.backend.cpu.CpuEngine;
import gpt.backend.reference.ReferenceEngine;
import gpt.engine.Context;
import gpt.engine.Engine;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import gpt.tokenizer.CharacterTokenizer;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Compares losses of a small random model with one forward pass for each token. */
class LossMeterTest {
  private static final long SEED = 99;
  private static final int V = 31;
  private static final int T = 9;
  private static final GptConfig CONFIG = RandomWeights.shape(2, 3, 15, T, V, true, Gelu.EXACT);
  private static final Weights WEIGHTS = RandomWeights.of(CONFIG, SEED, 0.5f);

  /** Maximum error of a token's loss, in nats; logits are single precision. */
  private static final double MAX_ERROR = 1e-4;

  @Test
  void lossesEqualThoseOfAForwardPassForEachToken() {
    try (Engine reference = new ReferenceEngine(CONFIG, WEIGHTS);
        Engine cpu = CpuEngine.open(CONFIG, WEIGHTS, 2)) {
      for (int tokens : new int[] {2, 3, T, T + 1, T + 2, 2 * T + 1, 40}) {
        int[] ids = new Random(SEED + tokens).ints(tokens, 0, V).toArray();
        for (int stride : new int[] {1, 4, T - 1, T}) {
          double[] expected = bruteForce(reference, ids, stride);
          for (Engine engine : List.of(reference, cpu)) {
            String message = engine.device() + " " + tokens + " tokens, stride " + stride;
            Loss loss = LossMeter.measure(engine, ids, stride, (all, first, end) -> {});
            assertArrayEquals(expected, loss.losses(), MAX_ERROR, message);
            double sum = Arrays.stream(expected).skip(1).sum();
            assertEquals(sum / (tokens - 1), loss.nats(), MAX_ERROR, message);
            assertEquals(tokens - 1, loss.tokens(), message);
          }
        }
      }
    }
  }

  /** Computes each token's loss after the tokens before it in its window. */
  private static double[] bruteForce(Engine reference, int[] ids, int stride) {
    double[] losses = new double[ids.length];
    losses[0] = Double.NaN;
    for (int t = 1; t < ids.length; t++) {
      int from;
      if (t <= T) {
        from = 0;
      } else if (stride == T) {
        from = (t - 1) / T * T;
      } else {
        int end = T + Math.ceilDiv(t - T, stride) * stride;
        from = Math.min(end, ids.length - 1) - T;
      }
      try (Context context = new Context(reference)) {
        float[] logits = context.append(Arrays.copyOfRange(ids, from, t));
        double sum = 0;
        for (int v = 0; v < V; v++) {
          sum += Math.exp(logits[v]);
        }
        losses[t] = Math.log(sum) - logits[ids[t]];
      }
    }
    return losses;
  }

  @Test
  void tokensAreReportedInOrder() {
    try (Engine engine = CpuEngine.open(CONFIG, WEIGHTS, 1)) {
      int[] ids = new Random(SEED).ints(25, 0, V).toArray();
      List<Double> reported = new ArrayList<>();
      int[] next = {1};
      Loss loss =
          LossMeter.measure(
              engine,
              ids,
              5,
              (all, first, end) -> {
                assertEquals(next[0], first);
                next[0] = end;
                Arrays.stream(all, first, end).forEach(reported::add);
              });
      assertEquals(ids.length, next[0]);
      assertArrayEquals(
          Arrays.copyOfRange(loss.losses(), 1, 25),
          reported.stream().mapToDouble(d -> d).toArray());
    }
  }

  /** The scores' losses have the bits of those without scores, in overlapping windows too. */
  @Test
  void scoresHaveTheLossesAndTheRanks() {
    try (Engine engine = CpuEngine.open(CONFIG, WEIGHTS, 1);
        Context context = new Context(engine)) {
      int[] ids = new Random(SEED + 1).ints(2 * T + 1, 0, V).toArray();
      TokenScore[] scores = new TokenScore[ids.length];
      double[] expected = LossMeter.measure(engine, ids, 4, (all, first, end) -> {}).losses();
      Loss found = LossMeter.measure(engine, ids, 4, (all, first, end) -> {}, scores);
      assertArrayEquals(expected, found.losses());
      for (int t = 1; t <= T; t++) { // the first window
        float[] logits = context.append(ids[t - 1]);
        List<Integer> order =
            IntStream.range(0, V)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer id) -> -logits[id]))
                .toList();
        assertEquals(expected[t], scores[t].loss());
        assertEquals(order.indexOf(ids[t]) + 1, scores[t].rank());
        int target = ids[t];
        int[] others = order.stream().mapToInt(id -> id).filter(id -> id != target).toArray();
        int other = others[0];
        assertArrayEquals(Arrays.copyOf(others, 3), scores[t].others());
        double ratio = Math.exp((double) logits[other] - logits[ids[t]]);
        assertEquals(ratio * scores[t].probability(), scores[t].otherProbability(), 1e-12);
      }
    }
  }

  @Test
  void nanLogitsAreAnError() {
    Weights damaged = RandomWeights.of(CONFIG, SEED, Float.NaN);
    try (Engine engine = CpuEngine.open(CONFIG, damaged, 1)) {
      GptException e =
          assertThrows(
              GptException.class,
              () -> LossMeter.measure(engine, new int[20], T, (all, first, end) -> {}));
      assertTrue(e.getMessage().startsWith("the model produced NaN logits; "), e::toString);
      assertTrue(e.getMessage().endsWith(" (tokens 0 to 8)"), e::toString);
    }
  }

  @Test
  void perplexityAndBitsPerByteFollowFromTheLosses() {
    Tokenizer tokenizer = new CharacterTokenizer(List.of("a", "é", "東"));
    double[] losses = {Double.NaN, Math.log(2), Math.log(8), 0};
    Loss loss =
        LossMeter.withBytes(
            new Loss(new int[] {2, 1, 2, 0}, losses, OptionalLong.empty()), tokenizer);
    assertEquals(3, loss.tokens());
    assertEquals(Math.log(16) / 3, loss.nats(), 1e-12);
    assertEquals(4 / 3.0, loss.bits(), 1e-12);
    assertEquals(Math.pow(2, 4 / 3.0), loss.perplexity(), 1e-12);
    assertEquals(2 + 3 + 1, loss.bytes().getAsLong()); // the first token is not scored
    assertEquals(4 / 6.0, loss.bitsPerByte(), 1e-12);
  }
}
