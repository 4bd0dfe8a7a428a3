package gpt.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TopKTest {
  @Test
  void findsWhatSortingFinds() {
    for (int seed = 0; seed < 400; seed++) {
      Random random = new Random(seed);
      float[] logits = new float[1 + random.nextInt(300)];
      int kind = random.nextInt(5);
      for (int i = 0; i < logits.length; i++) {
        logits[i] =
            switch (kind) {
              case 0 -> (float) random.nextGaussian() * 10;
              case 1 -> random.nextInt(5) - 2;
              case 2 -> finite(random.nextInt());
              case 3 -> 1 + random.nextInt(3) * Math.ulp(1f);
              default ->
                  new float[] {0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.NEGATIVE_INFINITY}
                      [random.nextInt(5)];
            };
      }
      int k = 1 + random.nextInt(logits.length);
      assertThreshold(logits, k, "seed " + seed);
    }
  }

  @Test
  void theOrderOfALargeVocabularyDoesNotMatter() {
    int n = 200_000;
    float[] logits = new float[n];
    for (int k : new int[] {1, 200, n / 2, n}) {
      Arrays.fill(logits, -3.25f);
      assertThreshold(logits, k, "equal");
      for (int i = 0; i < n; i++) {
        logits[i] = (i - n / 2) * 1e-3f;
      }
      assertThreshold(logits, k, "ascending");
      for (int i = 0; i < n; i++) {
        logits[i] = (n / 2 - i) * 1e-3f;
      }
      assertThreshold(logits, k, "descending");
    }
  }

  @Test
  void onlyTheFirstNCount() {
    assertEquals(2f, new TopK(2).threshold(new float[] {1, 2, 3, 9, 9}, 3));
  }

  private static void assertThreshold(float[] logits, int k, String message) {
    float[] sorted = logits.clone();
    Arrays.sort(sorted);
    TopK topK = new TopK(k);
    for (int run = 0; run < 2; run++) {
      assertEquals(sorted[sorted.length - k], topK.threshold(logits, logits.length), message);
    }
  }

  private static float finite(int bits) {
    float value = Float.intBitsToFloat(bits);
    return Float.isNaN(value) || value == Float.POSITIVE_INFINITY ? 1 : value;
  }
}
