package gpt.sampling;

/**
 * Random numbers from N(0, 1) by index: the same on every machine, in any order and with any number
 * of threads. Each takes one word of {@link Philox} and, by the ziggurat of Marsaglia and Tsang
 * ("The ziggurat method for generating random variables", 2000) with 256 layers, one multiplication
 * in 98.8 % of cases. Layers, wedges and tail are computed with {@link StrictMath}.
 */
public final class Normals {
  /** Words of a Philox block: one for each number. */
  private static final int WORDS = 4;

  private static final int LAYERS = 256;

  /** Where the tail begins, and the area of each layer; both from the paper. */
  private static final double TAIL = 3.6541528853610088;

  private static final double AREA = 0.00492867323399;

  /** Right edges of the layers, widest first; the first holds the tail too. */
  private static final double[] EDGE = new double[LAYERS + 1];

  static {
    EDGE[0] = AREA / density(TAIL);
    EDGE[1] = TAIL;
    for (int i = 1; i < LAYERS - 1; i++) {
      EDGE[i + 1] = StrictMath.sqrt(-2 * StrictMath.log(AREA / EDGE[i] + density(EDGE[i])));
    }
  }

  private final int seedLow;
  private final int seedHigh;
  private final int stream;

  /**
   * A stream of random numbers.
   *
   * @param seed any
   * @param stream index of the stream; the streams of a seed are independent
   */
  public Normals(long seed, int stream) {
    seedLow = (int) seed;
    seedHigh = (int) (seed >> 32);
    this.stream = stream;
  }

  /**
   * The numbers {@code from} to {@code from + out.length − 1}, each times {@code scale}.
   *
   * @param from at least 0
   */
  public void fill(long from, double scale, float[] out) {
    int[] words = new int[WORDS];
    long block = -1;
    for (int i = 0; i < out.length; i++) {
      long index = from + i;
      if (index / WORDS != block) {
        block = index / WORDS;
        block(block, 0, words);
      }
      int word = words[(int) (index % WORDS)];
      double x = candidate(word);
      out[i] = (float) (scale * (inside(word, x) ? x : retried(index, word)));
    }
  }

  private void block(long index, int attempt, int[] out) {
    Philox.block((int) index, (int) (index >> 32), stream, attempt, seedLow, seedHigh, out);
  }

  /** Eight bits choose the layer, 24 the place in it, on both sides of zero. */
  private static double candidate(int word) {
    return (word >> 8) * 0x1p-23 * EDGE[word & 0xFF];
  }

  /** Whether the point is in the part of its layer that is all below the curve. */
  private static boolean inside(int word, double x) {
    return Math.abs(x) < EDGE[(word & 0xFF) + 1];
  }

  /** The number at an index whose first word is rejected; each attempt takes a new block. */
  private double retried(long index, int word) {
    int[] words = new int[WORDS];
    for (int attempt = 1; ; attempt++) {
      block(index, attempt, words);
      double x = candidate(word);
      int layer = word & 0xFF;
      if (layer == 0) {
        double beyond = -StrictMath.log(uniform(words[1])) / TAIL;
        if (-2 * StrictMath.log(uniform(words[2])) > beyond * beyond) {
          return x < 0 ? -TAIL - beyond : TAIL + beyond;
        }
        continue; // the tail again, on the same side
      }
      double low = density(EDGE[layer]);
      double high = density(EDGE[layer + 1]);
      if (low + uniform(words[1]) * (high - low) < density(x)) {
        return x;
      }
      word = words[0];
      x = candidate(word);
      if (inside(word, x)) {
        return x;
      }
    }
  }

  /** In (0, 1). */
  private static double uniform(int word) {
    return ((word & 0xFFFFFFFFL) + 0.5) * 0x1p-32;
  }

  private static double density(double x) {
    return StrictMath.exp(-0.5 * x * x);
  }
}
