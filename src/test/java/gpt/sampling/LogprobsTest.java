package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LogprobsTest {
  @Test
  void likeliestFirstAndTiesById() {
    float[] logits = {1, 3, 2, 3, Float.NEGATIVE_INFINITY, 0};
    Logprobs found = Logprobs.of(logits, 6, 5, 3);
    assertArrayEquals(new int[] {1, 3, 2}, found.ids());
    double sum = Math.exp(1) + 2 * Math.exp(3) + Math.exp(2) + 1;
    assertArrayEquals(
        new double[] {3 - Math.log(sum), 3 - Math.log(sum), 2 - Math.log(sum)},
        found.values(),
        1e-12);
    assertEquals(-Math.log(sum), found.chosen(), 1e-12);
    assertEquals(6, Logprobs.of(logits, 6, 0, 9).ids().length);
    assertEquals(Double.NEGATIVE_INFINITY, Logprobs.of(logits, 6, 4, 6).values()[5]);
  }

  @Test
  void agreesWithSorting() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      int vocabSize = 1 + random.nextInt(300);
      float[] logits = new float[vocabSize];
      for (int id = 0; id < vocabSize; id++) {
        logits[id] = random.nextInt(20); // with ties
      }
      int n = 1 + random.nextInt(vocabSize);
      int[] sorted =
          IntStream.range(0, vocabSize)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer id) -> -logits[id]))
              .mapToInt(id -> id)
              .limit(n)
              .toArray();
      assertArrayEquals(sorted, Logprobs.of(logits, vocabSize, 0, n).ids(), "seed " + seed);
    }
  }
}
