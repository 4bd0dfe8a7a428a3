package gpt.kernels.runtime;

/**
 * The constants of the sampling chain, and the layout of the parameters that its kernels read.
 *
 * <p>Shapes: (B, …) has one entry for each row of logits. (slots, …) has one for each slot of the
 * KV cache, the place of one sequence; {@code slotOf} maps a row of logits to its slot.
 *
 * <p>Read before: the formula of {@link gpt.kernels.sampling.SamplingChain}. After: {@link
 * gpt.kernels.sampling.SamplingStart}.
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

  /** Distance of a masked token, above all others. */
  public static final int MASKED_DISTANCE = 1 << 30;

  /** The fraction 1 in units of 2⁻³⁰: top-p or typical-p is off. */
  public static final int FRACTION_ONE = 1 << 30;

  private Sampling() {}

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
}
