package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Places in the few arrays that the sampling chain keeps on the device, and the arithmetic on them
 * that its kernels share.
 *
 * <p>The chain is: {@link LogitSteps} (penalties, biases, bans), {@link Distances} (temperature),
 * then {@link Tally} and {@link SelectDigit} in turn, which find where top-k, top-p and typical-p
 * cut and which id is drawn, and {@link Draw}, which hands it over. From the distances on
 * everything is in integers, whose sums do not depend on their order: so every device and the host,
 * {@code gpt.sampling}, choose the same id.
 *
 * <p>Letters as in the package, and G, the chunks of the vocabulary that a launch works on side by
 * side.
 */
public final class Sampling {
  // Places in IntArray parameters (B, PARAMETERS), a slot's own, which stay as they are for a text
  // but for the step.

  /** 1 where a penalty is on, so that what a text has seen is read. */
  public static final int PENALTIES = 0;

  /** Frequency penalty in units of 2⁻¹⁶. */
  public static final int FREQUENCY = 1;

  /** The frequency penalty counts an id so often at most. */
  public static final int FREQUENCY_LIMIT = 2;

  /** Presence penalty in units of 2⁻¹⁶. */
  public static final int PRESENCE = 3;

  /** 1 where there are biases. */
  public static final int BIASES = 4;

  /** Steps during which the stop ids are banned. */
  public static final int MIN_NEW_TOKENS = 5;

  /** Number of stop ids. */
  public static final int STOPS = 6;

  /** k, or 0. */
  public static final int TOP_K = 7;

  /** p in units of 2⁻³⁰. */
  public static final int TOP_P = 8;

  /** The largest distance that min-p lets stay. */
  public static final int MIN_P = 9;

  /** p in units of 2⁻³⁰. */
  public static final int TYPICAL_P = 10;

  /** The seed's lower word. */
  public static final int SEED_LOW = 11;

  /** The seed's upper word. */
  public static final int SEED_HIGH = 12;

  /** Index of the text. */
  public static final int SAMPLE = 13;

  /** How many log-probabilities are wanted. */
  public static final int LOGPROBS = 14;

  /** Index of the token that is drawn next in its text. */
  public static final int STEP = 15;

  /** 1 where the largest logit is taken. */
  public static final int GREEDY = 16;

  /** The stop ids, up to {@link #MOST_STOPS}. */
  public static final int STOP_IDS = 17;

  /** The largest vocabulary. */
  public static final int MOST_IDS = 1 << 18;

  /** Stop ids that there is room for. */
  public static final int MOST_STOPS = 8;

  /** Length of a slot's parameters. */
  public static final int PARAMETERS = STOP_IDS + MOST_STOPS;

  // Places in FloatArray factors (B, FACTORS), a slot's own.

  /** Factor of seen ids' logits up to 0. */
  public static final int PENALTY = 0;

  /** Factor of seen ids' logits above 0. */
  public static final int INVERSE_PENALTY = 1;

  /** Bits of a distance for a difference of 1 between logits. */
  public static final int BITS_PER_LOGIT = 2;

  /** Length of a slot's factors. */
  public static final int FACTORS = 3;

  // Kinds of search; also places of their results in a sample's cuts, two ints each: the last key
  // that stays, and of those with that key the last id.

  /** Which ids are the likeliest of all, for their log-probabilities; it cuts nothing off. */
  public static final int KIND_LOGPROBS = 0;

  /** Which distance the k nearest ids have at most. */
  public static final int KIND_TOP_K = 1;

  /** Where the weights, nearest first, reach p. */
  public static final int KIND_TOP_P = 2;

  /** Where the weights, most typical first, reach p. */
  public static final int KIND_TYPICAL_P = 3;

  /** Which id a random number points to. */
  public static final int KIND_DRAW = 4;

  // Behind the results, what a search has found so far.

  /** 0, or why there is nothing to draw from. */
  public static final int STATUS = 10;

  /** The answer's key, its upper digits. */
  static final int KEY = 11;

  /** The answer's id, its upper digits. */
  static final int ID = 12;

  /** What is left of the sum that is searched for, upper word first; 0 where the search is off. */
  static final int REST = 13;

  /** The mean distance, rounded down. */
  static final int MEAN = 15;

  /** Ints that each sample has in the cuts. */
  public static final int CUTS = 16;

  /** Status, and what is chosen then: a logit is +∞. */
  public static final int INFINITE = -1;

  /** A logit is NaN. */
  public static final int NAN = -2;

  /** All logits are −∞. */
  public static final int EMPTY = -3;

  /** Biases and bans have left nothing. */
  public static final int BANNED = -4;

  /** The bit of {@code seen} that says that the prompt has the id; those below count. */
  public static final int PROMPT = 1 << 30;

  /** The bits of {@code seen} that count how often the id was generated. */
  public static final int COUNT = PROMPT - 1;

  /** Beyond any logit that arithmetic on a model's weights gives, and nearly +∞. */
  public static final float LIMIT = Float.MAX_VALUE;

  /** What is less is not there. */
  public static final float LEAST = -1e38f;

  /** The logit of what is not there. */
  public static final float NOTHING = -3e38f;

  /** Of no distance, and of no id that is drawn. */
  public static final int ABSENT = 1 << 30;

  /** A fraction of the weights that is all of them, in units of 2⁻³⁰. */
  static final int WHOLE = 1 << 30;

  /** Bits of a key. */
  private static final int KEY_BITS = 30;

  /** Bits of an id: vocabularies go up to 2¹⁸. */
  private static final int ID_BITS = 18;

  /** Weights' lowest bits that typical-p's mean leaves out, so that sums of products fit a long. */
  static final int WEIGHT_SHIFT = 14;

  /** Distances' lowest bits, which typical-p's mean sums up apart from the others. */
  static final int LOW_BITS = 13;

  /** Those bits. */
  static final int LOW_MASK = (1 << LOW_BITS) - 1;

  private Sampling() {}

  /**
   * How the vocabulary is shared out and keys are taken apart.
   *
   * @param vocabSize V
   * @param chunk ids that a thread or a group works on
   * @param digit bits of a key that one {@link Tally} tells apart
   */
  public record Layout(int vocabSize, int chunk, int digit) {
    /** G. */
    public int chunks() {
      return Math.ceilDiv(vocabSize, chunk);
    }

    /** Sums that each chunk has. */
    public int bins() {
      return 1 << digit;
    }

    /** The level of a kind's first tally: those before are of digits that it has none of. */
    public int firstLevel(int kind) {
      return kind == KIND_DRAW ? keyLevels() : 0;
    }

    /** The level of a kind's last tally. */
    public int lastLevel(int kind) {
      return kind == KIND_TOP_K ? keyLevels() - 1 : keyLevels() + idLevels() - 1;
    }

    /** Tallies of a key's digits. */
    int keyLevels() {
      return Math.ceilDiv(KEY_BITS, digit);
    }

    private int idLevels() {
      return Math.ceilDiv(ID_BITS, digit);
    }

    /** Bits below a level's digit, in a key or, on the later levels, in an id. */
    int shift(int level) {
      int digits = level < keyLevels() ? keyLevels() - level : keyLevels() + idLevels() - level;
      return (digits - 1) * digit;
    }

    /** Ints of the sums of so many samples. */
    public int sums(int samples) {
      return Math.multiplyExact(samples * chunks() * 2, bins());
    }
  }

  // 64-bit integers in two ints.

  static long wide(IntArray words, int i) {
    return ((long) words.get(i) << 32) | (words.get(i + 1) & 0xFFFFFFFFL);
  }

  static void setWide(IntArray words, int i, long value) {
    words.set(i, (int) (value >> 32));
    words.set(i + 1, (int) value);
  }

  // A transcript of gpt.sampling.Weight, where each is explained.

  private static final int C1 = 744261009;
  private static final int C2 = 257939154;
  private static final int C3 = 59583575;
  private static final int C4 = 10287039;
  private static final int C5 = 1369935;
  private static final int C6 = 117414;

  /** 2⁴⁴ · 2^(−q/2²⁴), rounded down. */
  static long weight(int q) {
    int bits = q >> 24;
    long weight = 0;
    if (bits < 45) {
      long t = q & 0xFFFFFF;
      long sum = C5 - ((C6 * t) >> 24);
      sum = C4 - ((sum * t) >> 24);
      sum = C3 - ((sum * t) >> 24);
      sum = C2 - ((sum * t) >> 24);
      sum = C1 - ((sum * t) >> 24);
      long power = (1 << 30) - ((sum * t) >> 24);
      weight = (power << 14) >> bits;
    }
    return weight;
  }

  /** The sum times fraction · 2⁻³⁰, rounded up. */
  static long fractionOf(long sum, int fraction) {
    long high = (sum >> 30) * fraction;
    long low = ((sum & 0x3FFFFFFFL) * fraction + 0x3FFFFFFFL) >> 30;
    return high + low;
  }

  /** The sum times r · 2⁻²⁴, rounded down. */
  static long pointIn(long sum, int r) {
    return (sum >> 24) * r + (((sum & 0xFFFFFFL) * r) >> 24);
  }

  /** 0 where a logit is a number, else the status that says why not. */
  public static int damage(float logit) {
    int status = NAN;
    if (logit < LIMIT) { // false for NaN; a test the other way round would be false too
      status = 0;
    } else {
      if (logit > 0) {
        status = INFINITE;
      }
    }
    return status;
  }

  // What a search looks at.

  /** Rows that a search is for: log-probabilities are of all logits, a draw of the first. */
  static int rows(int kind, IntArray pass) {
    int rows = pass.get(Pass.DRAWN_ROWS);
    if (kind == KIND_LOGPROBS) {
      rows = pass.get(Pass.LOGIT_ROWS);
    }
    return rows;
  }

  /** What a kind orders ids by: their distance, or how far it is from the mean. */
  static int key(int kind, int q, int mean) {
    int key = q;
    if (kind == KIND_TYPICAL_P) {
      int from = q - mean;
      key = from;
      if (from < 0) {
        key = -from;
      }
    }
    if (kind == KIND_DRAW) {
      key = 0;
    }
    return key;
  }

  /** The largest distance that min-p lets stay in a slot. */
  static int farthest(IntArray parameters, int slot) {
    return parameters.get(slot * PARAMETERS + MIN_P);
  }

  /**
   * 1 where the steps before a kind keep an id, else 0.
   *
   * @param farthest the largest distance that min-p lets stay
   * @param cuts of the row, from {@code at}
   */
  static int kept(int kind, int id, int q, int farthest, IntArray cuts, int at) {
    int kept = 1;
    if (q >= ABSENT) {
      kept = 0;
    }
    if (kind > KIND_TOP_K) {
      kept = kept * within(q, id, cuts, at + 2 * KIND_TOP_K);
    }
    if (kind > KIND_TOP_P) {
      kept = kept * within(q, id, cuts, at + 2 * KIND_TOP_P);
      if (q > farthest) {
        kept = 0;
      }
    }
    if (kind > KIND_TYPICAL_P) {
      int key = key(KIND_TYPICAL_P, q, cuts.get(at + MEAN));
      kept = kept * within(key, id, cuts, at + 2 * KIND_TYPICAL_P);
    }
    return kept;
  }

  static int within(int key, int id, IntArray cuts, int at) {
    int within = 0;
    if (key < cuts.get(at)) {
      within = 1;
    }
    if (key == cuts.get(at)) {
      if (id <= cuts.get(at + 1)) {
        within = 1;
      }
    }
    return within;
  }

  // A transcript of gpt.sampling.Philox.

  /** The upper 24 bits of the first word for key (low, high) and counter (step, sample, 0, 0). */
  static int random(int low, int high, int sample, int step) {
    int c0 = step;
    int c1 = sample;
    int c2 = 0;
    int c3 = 0;
    int k0 = low;
    int k1 = high;
    for (int round = 0; round < 10; round++) {
      int high0 = multiplyHigh(0xD2511F53, c0);
      int low0 = 0xD2511F53 * c0;
      int high1 = multiplyHigh(0xCD9E8D57, c2);
      int low1 = 0xCD9E8D57 * c2;
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = k0 + 0x9E3779B9;
      k1 = k1 + 0xBB67AE85;
    }
    return (c0 >> 8) & 0xFFFFFF;
  }

  private static int multiplyHigh(int a, int b) {
    int aLow = a & 0xFFFF;
    int aHigh = (a >> 16) & 0xFFFF;
    int bLow = b & 0xFFFF;
    int bHigh = (b >> 16) & 0xFFFF;
    int middle = aHigh * bLow + (((aLow * bLow) >> 16) & 0xFFFF);
    int other = aLow * bHigh + (middle & 0xFFFF);
    return aHigh * bHigh + ((middle >> 16) & 0xFFFF) + ((other >> 16) & 0xFFFF);
  }
}
