package gpt.kernels.sampling;

import gpt.kernels.runtime.Pass;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The layout of the small arrays that the kernels of the sampling chain share, and their constants.
 * {@link FixedPoint} has the arithmetic.
 *
 * <p>The kernels run in this order; a filter that is off is not launched:
 *
 * <ol>
 *   <li>{@link LogitSteps}: penalties, biases and bans, on the logits (float).
 *   <li>{@link Distances}: temperature. Each logit becomes a <em>distance</em> q, an int: the
 *       fixed-point −log₂ of the token's probability relative to the likeliest token, with 24
 *       fractional bits. The likeliest token has q = 0.
 *   <li>top-k, top-p, min-p, typical-p and the draw. Min-p compares q with a constant. Each of the
 *       others is a radix select over the distances: {@link Tally} and {@link SelectDigit}
 *       alternate, one pair of launches for each digit. {@link Moments} computes the mean that
 *       typical-p needs.
 *   <li>{@link Draw}: stores the chosen token id and counts it for the penalties.
 * </ol>
 *
 * <p>A token's <em>weight</em> is 2^(−q / 2²⁴), its unnormalized probability, in units of 2⁻⁴⁴ as a
 * 64-bit integer. An integer sum does not depend on the order of summation, so from the same logits
 * every device, with any grid, and the host ({@code gpt.sampling}) choose the same token.
 *
 * <p>Shapes: (B, …) has one entry for each row of logits. (slots, …) has one for each slot of the
 * KV cache, the place of one sequence; {@code slotOf} maps a row of logits to its slot. The
 * vocabulary is divided into G chunks.
 */
public final class Sampling {
  // Indices into IntArray parameters (slots, PARAMETERS). The host writes a slot's parameters
  // when a completion starts; only STEP changes from token to token.

  /** 1 if a penalty is on and the counts of seen tokens are read, else 0. */
  public static final int PENALTIES = 0;

  /** Frequency penalty in units of 2⁻¹⁶. */
  public static final int FREQUENCY = 1;

  /** Upper bound of a token's count, by which the frequency penalty is multiplied. */
  public static final int FREQUENCY_LIMIT = 2;

  /** Presence penalty in units of 2⁻¹⁶. */
  public static final int PRESENCE = 3;

  /** 1 if there are logit biases, else 0. */
  public static final int BIASES = 4;

  /** Minimum number of new tokens; the stop ids are banned before it is reached. */
  public static final int MIN_NEW_TOKENS = 5;

  /** Number of stop ids. */
  public static final int STOPS = 6;

  /** Top-k: k, or 0 if off. */
  public static final int TOP_K = 7;

  /** Top-p: p in units of 2⁻³⁰; {@link #FRACTION_ONE} if off. */
  public static final int TOP_P = 8;

  /** Min-p: the largest distance that is kept. */
  public static final int MIN_P = 9;

  /** Typical-p: p in units of 2⁻³⁰; {@link #FRACTION_ONE} if off. */
  public static final int TYPICAL_P = 10;

  /** Lower 32 bits of the seed. */
  public static final int SEED_LOW = 11;

  /** Upper 32 bits of the seed. */
  public static final int SEED_HIGH = 12;

  /** Index of the completion in its request. */
  public static final int SAMPLE = 13;

  /** Number of likeliest tokens whose log-probabilities are returned. */
  public static final int LOGPROBS = 14;

  /** Index of the next token in its completion. */
  public static final int STEP = 15;

  /** 1 for greedy decoding (temperature 0), else 0. */
  public static final int GREEDY = 16;

  /** First of the stop ids, at most {@link #MAX_STOPS}. */
  public static final int STOP_IDS = 17;

  /** Largest vocabulary: 2¹⁸ weights of at most 2⁴⁴ sum to 2⁶², so that no long overflows. */
  public static final int MAX_VOCAB_SIZE = 1 << 18;

  /** Largest number of stop ids. */
  public static final int MAX_STOPS = 8;

  /** Number of ints that each slot has in {@code parameters}. */
  public static final int PARAMETERS = STOP_IDS + MAX_STOPS;

  // Indices into FloatArray factors (slots, FACTORS).

  /** Repetition penalty: multiplies the logits ≤ 0 of seen tokens. */
  public static final int PENALTY = 0;

  /** Its inverse: multiplies the logits > 0 of seen tokens. */
  public static final int INVERSE_PENALTY = 1;

  /** log₂(e) / temperature: converts a difference of logits to bits. */
  public static final int BITS_PER_LOGIT = 2;

  /** Number of floats that each slot has in {@code factors}. */
  public static final int FACTORS = 3;

  // The kinds of radix select. Each orders the tokens by a key (see key()), equal keys by id. Its
  // result is a threshold in IntArray state (B, STATE_SIZE), two ints at index 2 · kind: the
  // largest key that is kept, and the largest id kept among tokens with that key.

  /** The likeliest tokens, whose log-probabilities are returned; removes no token. */
  public static final int KIND_LOGPROBS = 0;

  /** Top-k: the distance of the k-th likeliest token. Ties with it are kept. */
  public static final int KIND_TOP_K = 1;

  /** Top-p: the token at which the weights, likeliest first, add up to p of their sum. */
  public static final int KIND_TOP_P = 2;

  /** Typical-p: the same, with tokens ordered by |q − mean q|. */
  public static final int KIND_TYPICAL_P = 3;

  /** The draw: the token at which the weights, by id, exceed a random fraction of their sum. */
  public static final int KIND_DRAW = 4;

  // The rest of state, after the thresholds.

  /** 0, or a negative status if no token can be drawn. */
  public static final int STATUS = 10;

  /** The digits of the threshold's key found so far. */
  static final int KEY_PREFIX = 11;

  /** The digits of the threshold's id found so far. */
  static final int ID_PREFIX = 12;

  /**
   * What remains of the target (see {@link SelectDigit}) after subtracting the sums of all smaller
   * digits, a 64-bit integer in two ints; 0 if the filter is off.
   */
  static final int REMAINING = 13;

  /** The weighted mean of the distances, rounded down; for typical-p. */
  static final int MEAN = 15;

  /** Number of ints that each row has in {@code state}. */
  public static final int STATE_SIZE = 16;

  /** Status, stored instead of a token id: a logit is +∞. */
  public static final int INFINITE = -1;

  /** Status: a logit is NaN. */
  public static final int NAN = -2;

  /** Status: all logits are −∞. */
  public static final int NO_FINITE = -3;

  /** Status: biases and bans have masked every token. */
  public static final int ALL_BANNED = -4;

  /** Bit of {@code seen}: the prompt contains the token. */
  public static final int IN_PROMPT = 1 << 30;

  /** Bits of {@code seen}: how often the token was generated. */
  public static final int COUNT_MASK = IN_PROMPT - 1;

  /** Logits at or above this count as +∞; no finite logit of a model is that large. */
  public static final float MAX_LOGIT = Float.MAX_VALUE;

  /** Logits below this count as masked. */
  public static final float MIN_LOGIT = -1e38f;

  /** Logit of a masked token; finite, since kernels may not produce −∞. */
  public static final float MASKED_LOGIT = -3e38f;

  /** Distance of a masked token, above all others. As a threshold it keeps every token. */
  public static final int MASKED_DISTANCE = 1 << 30;

  /** The fraction 1 in units of 2⁻³⁰: top-p or typical-p is off. */
  static final int FRACTION_ONE = 1 << 30;

  /** Bits of a key: distances are below 2³⁰. */
  private static final int KEY_BITS = 30;

  /** Bits of a token id; see {@link #MAX_VOCAB_SIZE}. */
  private static final int ID_BITS = 18;

  /** Low bits of a weight that typical-p's mean drops, so that Σ weight · q fits a long. */
  static final int WEIGHT_SHIFT = 14;

  /** Low bits of a distance, which typical-p's mean sums separately, for the same reason. */
  static final int LOW_BITS = 13;

  /** Mask of those low bits. */
  static final int LOW_MASK = (1 << LOW_BITS) - 1;

  private Sampling() {}

  /**
   * How the vocabulary is divided into chunks, and keys and ids into digits. A radix select finds
   * one digit at each level 0, 1, …: first the digits of the key, then those of the token id, the
   * most significant digit first.
   *
   * @param vocabSize V
   * @param chunk tokens per chunk; one thread or one workgroup processes a chunk
   * @param digitBits bits of a digit; {@link Tally} fills 2^digitBits bins
   */
  public record Layout(int vocabSize, int chunk, int digitBits) {
    /** G, the number of chunks. */
    public int chunks() {
      return Math.ceilDiv(vocabSize, chunk);
    }

    /** Bins of a histogram. */
    public int bins() {
      return 1 << digitBits;
    }

    /** First level of a kind: the draw orders tokens by id alone and skips the key's digits. */
    public int firstLevel(int kind) {
      return kind == KIND_DRAW ? keyLevels() : 0;
    }

    /** Last level of a kind: top-k keeps ties and needs no digits of the id. */
    public int lastLevel(int kind) {
      return kind == KIND_TOP_K ? keyLevels() - 1 : keyLevels() + idLevels() - 1;
    }

    /** Number of digits of a key. */
    int keyLevels() {
      return Math.ceilDiv(KEY_BITS, digitBits);
    }

    private int idLevels() {
      return Math.ceilDiv(ID_BITS, digitBits);
    }

    /** Bits to the right of a level's digit, in the key or in the id. */
    int shift(int level) {
      int digits = level < keyLevels() ? keyLevels() - level : keyLevels() + idLevels() - level;
      return (digits - 1) * digitBits;
    }

    /** Ints of the histograms of {@code samples} rows: G · bins 64-bit sums each. */
    public int histogramSize(int samples) {
      return Math.multiplyExact(samples * chunks() * 2, bins());
    }
  }

  /** 0 for a finite logit or −∞, else {@link #NAN} or {@link #INFINITE}. */
  public static int logitStatus(float logit) {
    int status = NAN;
    if (logit < MAX_LOGIT) { // false for NaN, as every comparison with NaN
      status = 0;
    } else {
      if (logit > 0) {
        status = INFINITE;
      }
    }
    return status;
  }

  // Which rows and tokens a radix select works on.

  /**
   * Number of rows that a kind works on: all logit rows for the log-probabilities, else only the
   * drawn rows, which come first.
   */
  static int rows(int kind, IntArray pass) {
    int rows = pass.get(Pass.DRAWN_ROWS);
    if (kind == KIND_LOGPROBS) {
      rows = pass.get(Pass.LOGIT_ROWS);
    }
    return rows;
  }

  /** The key that a kind orders tokens by: |q − mean q| for typical-p, 0 for the draw, else q. */
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

  /** The largest distance that min-p keeps in a slot. */
  static int minPLimit(IntArray parameters, int slot) {
    return parameters.get(slot * PARAMETERS + MIN_P);
  }

  /**
   * 1 if the filters before a kind keep a token, else 0.
   *
   * @param q the token's distance
   * @param minPLimit the largest distance that min-p keeps
   * @param state the row's thresholds start at index {@code at}
   */
  static int kept(int kind, int id, int q, int minPLimit, IntArray state, int at) {
    int kept = 1;
    if (q >= MASKED_DISTANCE) {
      kept = 0;
    }
    if (kind > KIND_TOP_K) {
      kept = kept * within(q, id, state, at + 2 * KIND_TOP_K);
    }
    if (kind > KIND_TOP_P) {
      kept = kept * within(q, id, state, at + 2 * KIND_TOP_P);
      if (q > minPLimit) {
        kept = 0;
      }
    }
    if (kind > KIND_TYPICAL_P) {
      int key = key(KIND_TYPICAL_P, q, state.get(at + MEAN));
      kept = kept * within(key, id, state, at + 2 * KIND_TYPICAL_P);
    }
    return kept;
  }

  /** 1 if (key, id) is at or before the threshold at index {@code at} of state, else 0. */
  static int within(int key, int id, IntArray state, int at) {
    int within = 0;
    if (key < state.get(at)) {
      within = 1;
    }
    if (key == state.get(at)) {
      if (id <= state.get(at + 1)) {
        within = 1;
      }
    }
    return within;
  }
}
