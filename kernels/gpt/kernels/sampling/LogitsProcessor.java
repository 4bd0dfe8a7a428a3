package gpt.kernels.sampling;

import gpt.kernels.runtime.Sampling;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * <pre>
 * The steps of the chain that change a token's logit l, in this order:
 *
 *   repetition   l · penalty, or l / penalty if l > 0, for tokens that the prompt or completion contains
 *   frequency    l − frequency · count − presence, for tokens that were generated count > 0 times
 *   bias         l + bias[id]; −∞ bans a token
 *   minimum      stop ids are masked while the completion is shorter than its minimum
 *
 * example   l = 3, 2, −1, 0; the prompt has ids 0 and 2, and id 1 was generated once. Repetition 2: 1.5, 1,
 *           −2, 0; presence 0.5: 1.5, 0.5, −2, 0; a bias of −∞ for id 0: −∞, 0.5, −2, 0
 * </pre>
 *
 * <p>Each operation rounds once, as on the host: no product is added to in the same block, or
 * compilers would contract the two to a fused multiply-add.
 *
 * <p>Read before: {@link Sampling}. After: {@link SamplingChain}.
 *
 * <p>Source: Keskar and others, 2019 (repetition); OpenAI's API (frequency and presence).
 */
final class LogitsProcessor {
  private LogitsProcessor() {}

  /** 1 if a step is on for the next token of the slot whose parameters start at p, else 0. */
  static int isOn(IntArray parameters, int p) {
    int on = Math.max(parameters.get(p + Sampling.PENALTIES), parameters.get(p + Sampling.BIASES));
    if (parameters.get(p + Sampling.STEP) < parameters.get(p + Sampling.MIN_NEW_TOKENS)) {
      on = 1;
    }
    return on;
  }

  /** A token's logit after all steps; below {@link Sampling#MIN_LOGIT} if masked. */
  static float processed(
      float logit,
      int id,
      int slot,
      IntArray parameters,
      FloatArray factors,
      IntArray seen,
      FloatArray bias,
      int vocabSize) {
    float value = Sampling.MASKED_LOGIT;
    if (logit >= Sampling.MIN_LOGIT) {
      int p = slot * Sampling.PARAMETERS;
      value = logit;
      if (parameters.get(p + Sampling.PENALTIES) == 1) {
        int seenBits = seen.get(slot * vocabSize + id);
        if (seenBits != 0) {
          int f = slot * Sampling.FACTORS;
          if (value > 0) {
            value = value * factors.get(f + Sampling.INVERSE_PENALTY);
          } else {
            value = value * factors.get(f + Sampling.PENALTY);
          }
          int count = seenBits & Sampling.COUNT_MASK;
          if (count > 0) {
            int counted = Math.min(count, parameters.get(p + Sampling.FREQUENCY_LIMIT));
            int units =
                parameters.get(p + Sampling.FREQUENCY) * counted
                    + parameters.get(p + Sampling.PRESENCE);
            value = value - units * 0x1p-16f;
          }
        }
      }
      if (parameters.get(p + Sampling.BIASES) == 1) {
        value = value + bias.get(slot * vocabSize + id);
      }
      if (parameters.get(p + Sampling.STEP) < parameters.get(p + Sampling.MIN_NEW_TOKENS)) {
        for (int i = 0; i < parameters.get(p + Sampling.STOPS); i++) {
          if (id == parameters.get(p + Sampling.STOP_IDS + i)) {
            value = Sampling.MASKED_LOGIT;
          }
        }
      }
    }
    return value;
  }
}
