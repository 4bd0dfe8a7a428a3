package gpt.sampling;

import java.util.Map;
import java.util.stream.IntStream;

/**
 * The steps of the chain that change logits, one method each, to be called in this order. A step
 * that is off does nothing. All arithmetic is in float, and each operation rounds once.
 */
final class LogitsProcessor {
  /** Logits below this count as masked; no step unmasks them. */
  private static final float MIN_LOGIT = InvalidLogitsException.MIN_LOGIT;

  private final int vocabSize;
  private final ChainConstants constants;
  private final int minNewTokens;
  private final int[] biasIds;
  private final float[] biases;
  private final int[] stopIds;

  /** The logits so far, −∞ for masked tokens (V). */
  private final float[] values;

  /**
   * Allocates memory, 4 bytes for each token of the vocabulary.
   *
   * @param stopIds token ids that end a completion; those outside the vocabulary are ignored
   * @throws IllegalArgumentException if a logit bias is for an id outside the vocabulary
   */
  LogitsProcessor(
      SamplingParameters parameters, ChainConstants constants, int vocabSize, int... stopIds) {
    this.vocabSize = vocabSize;
    this.constants = constants;
    minNewTokens = parameters.minNewTokens();
    Map<Integer, Double> logitBias = parameters.logitBias();
    biasIds = logitBias.keySet().stream().mapToInt(id -> id).toArray();
    biases = new float[biasIds.length];
    for (int i = 0; i < biasIds.length; i++) {
      if (biasIds[i] >= vocabSize) {
        throw new IllegalArgumentException(
            "logit-bias: ids go from 0 to " + (vocabSize - 1) + ", found " + biasIds[i]);
      }
      biases[i] = logitBias.get(biasIds[i]).floatValue();
    }
    this.stopIds = IntStream.of(stopIds).filter(id -> id >= 0 && id < vocabSize).toArray();
    values = new float[vocabSize];
  }

  /**
   * Copies the model's logits.
   *
   * @param logits at least V floats, the first V are read
   * @throws InvalidLogitsException if a logit is NaN or +∞, or all are −∞
   */
  void start(float[] logits) {
    if (logits.length < vocabSize) {
      throw new IllegalArgumentException(
          "expected at least " + vocabSize + " logits, found " + logits.length);
    }
    InvalidLogitsException.check(logits, vocabSize);
    for (int id = 0; id < vocabSize; id++) {
      float logit = logits[id];
      values[id] = logit < MIN_LOGIT ? Float.NEGATIVE_INFINITY : logit;
    }
  }

  /** Divides the positive logits of tokens in the prompt or completion, multiplies the others. */
  void repetition(History history) {
    if (constants.penalty() == 1) {
      return;
    }
    for (int id = 0; id < vocabSize; id++) {
      if (history.seen(id) != 0) {
        float value = values[id];
        values[id] = value * (value > 0 ? constants.inversePenalty() : constants.penalty());
      }
    }
  }

  /**
   * Subtracts from the logits of generated tokens: frequency for each occurrence, presence once.
   */
  void frequencyAndPresence(History history) {
    if (constants.frequencyUnits() == 0 && constants.presenceUnits() == 0) {
      return;
    }
    for (int id = 0; id < vocabSize; id++) {
      int count = history.seen(id) & History.COUNT_MASK;
      if (count > 0) {
        int units =
            constants.frequencyUnits() * Math.min(count, constants.frequencyLimit())
                + constants.presenceUnits();
        values[id] -= units * 0x1p-16f;
      }
    }
  }

  /** Adds to some logits; −∞ bans them. */
  void bias() {
    for (int i = 0; i < biasIds.length; i++) {
      values[biasIds[i]] += biases[i];
    }
  }

  /**
   * Masks the stop ids while the completion is shorter than its minimum.
   *
   * @param step index of the new token in its completion
   */
  void minNewTokens(int step) {
    if (step < minNewTokens) {
      for (int id : stopIds) {
        values[id] = Float.NEGATIVE_INFINITY;
      }
    }
  }

  /** The logits so far (V). Those below −1e38 count as −∞. */
  float[] values() {
    return values;
  }

  /**
   * The largest logit so far.
   *
   * @throws InvalidLogitsException if all tokens are masked
   */
  float max() {
    float max = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < vocabSize; id++) {
      max = Math.max(max, values[id]);
    }
    if (max < MIN_LOGIT) {
      throw new InvalidLogitsException(InvalidLogitsException.ALL_BANNED);
    }
    return max;
  }
}
