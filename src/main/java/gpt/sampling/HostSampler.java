package gpt.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The sampling chain on the host, the reference for the one on devices. A step whose setting has
 * its neutral value is off. The steps run in this order:
 *
 * <ol>
 *   <li>repetition penalty, frequency and presence penalties, logit bias and minimum number of new
 *       tokens, on the logits ({@link LogitsProcessor});
 *   <li>at temperature 0, argmax: the largest logit, the lowest id among equal ones;
 *   <li>otherwise temperature, the filters of {@link ChainStep}, and a multinomial draw with {@link
 *       Philox} ({@link Candidates}).
 * </ol>
 *
 * <p>After the temperature, all arithmetic is on integers ({@link Weight}), so from the same logits
 * a device draws the same token. Drawing a token takes O(V) time, whatever the logits, and
 * allocates nothing. Not thread-safe.
 */
public final class HostSampler {
  /** Largest vocabulary: the sum of its weights fits a long. */
  public static final int MAX_VOCAB_SIZE = 1 << 18;

  private final SamplingParameters parameters;
  private final int vocabSize;
  private final LogitsProcessor logitsProcessor;
  private final Candidates candidates;

  /**
   * Allocates scratch memory, up to 20 bytes for each token of the vocabulary.
   *
   * @param vocabSize V, number of logits that are read; at most {@link #MAX_VOCAB_SIZE}
   * @param stopIds token ids that end a completion; banned while it is shorter than the minimum
   * @throws IllegalArgumentException if a logit bias is for an id outside the vocabulary
   */
  public HostSampler(SamplingParameters parameters, int vocabSize, int... stopIds) {
    if (vocabSize < 1 || vocabSize > MAX_VOCAB_SIZE) {
      throw new IllegalArgumentException(
          "vocabSize must be from 1 to " + MAX_VOCAB_SIZE + ", found " + vocabSize);
    }
    this.parameters = parameters;
    this.vocabSize = vocabSize;
    ChainConstants constants = ChainConstants.of(parameters);
    logitsProcessor = new LogitsProcessor(parameters, constants, vocabSize, stopIds);
    candidates = parameters.temperature() == 0 ? null : new Candidates(constants, vocabSize);
  }

  /**
   * Draws one token.
   *
   * @param logits at least V floats, the first V are read; −∞ is a probability of 0
   * @param history the tokens of prompt and completion so far
   * @param sample index of the completion in its request
   * @param step index of the new token in its completion
   * @return the token id
   * @throws InvalidLogitsException if a logit is NaN or +∞, all are −∞, or all tokens are banned
   */
  public int sample(float[] logits, History history, int sample, int step) {
    return sample(logits, history, sample, step, null);
  }

  /**
   * Draws one token as {@link #sample(float[], History, int, int)} does, and returns the
   * probabilities after each step. Allocates 8·V bytes for each step of the chain.
   */
  public ChainTrace trace(float[] logits, History history, int sample, int step) {
    List<ChainTrace.Stage> stages = new ArrayList<>();
    int id = sample(logits, history, sample, step, stages);
    double[] afterTemperature = afterTemperature(stages);
    return new ChainTrace(
        parameters,
        step,
        Arrays.copyOf(logits, vocabSize),
        logitsProcessor.values().clone(),
        Softmax.of(logits, vocabSize),
        afterTemperature,
        List.copyOf(stages),
        Philox.uniform(parameters.seed(), sample, step),
        id);
  }

  /**
   * The probabilities after the temperature. Removes that stage if the temperature is 1, which is
   * off.
   */
  private double[] afterTemperature(List<ChainTrace.Stage> stages) {
    for (ChainTrace.Stage stage : stages) {
      if (stage.step() == ChainStep.TEMPERATURE) {
        if (!ChainStep.TEMPERATURE.isOn(parameters)) {
          stages.remove(stage);
        }
        return stage.probabilities();
      }
    }
    throw new IllegalStateException("no temperature stage");
  }

  private int sample(
      float[] logits, History history, int sample, int step, List<ChainTrace.Stage> stages) {
    logitsProcessor.start(logits);
    logitsProcessor.repetition(history);
    record(ChainStep.REPETITION_PENALTY, stages);
    logitsProcessor.frequencyAndPresence(history);
    record(ChainStep.FREQUENCY_PRESENCE_PENALTY, stages);
    logitsProcessor.bias();
    record(ChainStep.LOGIT_BIAS, stages);
    logitsProcessor.minNewTokens(step);
    record(ChainStep.MIN_NEW_TOKENS, stages);
    float[] values = logitsProcessor.values();
    float max = logitsProcessor.max();
    if (candidates == null) {
      int id = 0;
      while (values[id] != max) {
        id++;
      }
      if (stages != null) {
        double[] certain = new double[vocabSize];
        certain[id] = 1;
        stages.add(new ChainTrace.Stage(ChainStep.TEMPERATURE, certain));
      }
      return id;
    }
    candidates.start(values, max);
    record(ChainStep.TEMPERATURE, stages);
    for (ChainStep filter : ChainStep.FILTERS) {
      candidates.filter(filter);
      record(filter, stages);
    }
    return candidates.draw(Philox.bits(parameters.seed(), sample, step));
  }

  /** Records the probabilities after a step, if it is on and a trace is requested. */
  private void record(ChainStep step, List<ChainTrace.Stage> stages) {
    if (stages != null && (step.isOn(parameters) || step == ChainStep.TEMPERATURE)) {
      double[] probabilities =
          step.compareTo(ChainStep.TEMPERATURE) < 0
              ? Softmax.of(logitsProcessor.values(), vocabSize)
              : candidates.probabilities();
      stages.add(new ChainTrace.Stage(step, probabilities));
    }
  }

  /**
   * As {@link #sample(float[], History, int, int)}, for parameters without penalties.
   *
   * @throws IllegalStateException if a penalty is on
   */
  public int sample(float[] logits, int sample, int step) {
    if (parameters.needsHistory()) {
      throw new IllegalStateException("these parameters need the tokens so far");
    }
    return sample(logits, null, sample, step);
  }
}
