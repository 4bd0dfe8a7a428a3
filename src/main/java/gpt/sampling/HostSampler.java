package gpt.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The sampling chain on the host, the reference for every other one. In this order, each step off
 * at its neutral value:
 *
 * <ol>
 *   <li>repetition penalty, frequency and presence penalties, logit bias, minimum new tokens, on
 *       the logits ({@link LogitsProcessor});
 *   <li>at temperature 0 the largest logit, the lowest id among equals;
 *   <li>otherwise temperature, the steps that cut, and a multinomial draw with {@link Philox}
 *       ({@link Candidates}).
 * </ol>
 *
 * <p>From the temperature on everything is in integers ({@link Weight}): a device that computes the
 * same ones chooses the same id. A token takes O(V) time, whatever the logits, and allocates
 * nothing. Not thread-safe.
 */
public final class HostSampler {
  /** Of so many ids the weights' sum fits a long with what it is multiplied by. */
  public static final int MAX_VOCAB_SIZE = 1 << 18;

  private final SamplingParameters parameters;
  private final int vocabSize;
  private final LogitsProcessor logitsProcessor;
  private final Candidates candidates;
  private double probability;

  /**
   * A sampler with its scratch memory, up to 20 bytes an id.
   *
   * @param vocabSize V, the logits that count; at most {@link #MAX_VOCAB_SIZE}
   * @param stopIds what ends a text, banned while it is shorter than the minimum
   * @throws IllegalArgumentException where a biased id is beyond the vocabulary
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
   * Draws one id.
   *
   * @param logits at least V floats, the first V count; −∞ is a probability of 0
   * @param history what the text holds
   * @param sample index of the text
   * @param step index of the new token in its text
   * @throws InvalidLogitsException where a logit is NaN or +∞, all are −∞, or all ids are banned
   */
  public int sample(float[] logits, History history, int sample, int step) {
    return sample(logits, history, sample, step, null);
  }

  /**
   * Draws one id as {@link #sample(float[], History, int, int)} does, and tells how. It allocates 8
   * bytes an id for each step of the chain.
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

  /** After the temperature; that stage goes where the temperature is 1. */
  private double[] afterTemperature(List<ChainTrace.Stage> stages) {
    for (ChainTrace.Stage stage : stages) {
      if (stage.step() == ChainStep.TEMPERATURE) {
        if (!ChainStep.TEMPERATURE.isOn(parameters)) {
          stages.remove(stage);
        }
        return stage.probabilities();
      }
    }
    throw new IllegalStateException("no temperature");
  }

  private int sample(
      float[] logits, History history, int sample, int step, List<ChainTrace.Stage> stages) {
    logitsProcessor.start(logits);
    logitsProcessor.repetition(history);
    keep(ChainStep.REPETITION_PENALTY, stages);
    logitsProcessor.frequencyAndPresence(history);
    keep(ChainStep.FREQUENCY_PRESENCE_PENALTY, stages);
    logitsProcessor.bias();
    keep(ChainStep.LOGIT_BIAS, stages);
    logitsProcessor.minNewTokens(step);
    keep(ChainStep.MIN_NEW_TOKENS, stages);
    float[] values = logitsProcessor.values();
    float max = logitsProcessor.max();
    if (candidates == null) {
      probability = 1;
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
    keep(ChainStep.TEMPERATURE, stages);
    for (ChainStep filter : ChainStep.FILTERS) {
      candidates.filter(filter);
      keep(filter, stages);
    }
    int id = candidates.draw(Philox.bits(parameters.seed(), sample, step));
    probability = candidates.probability(id);
    return id;
  }

  /** Adds what a step has made, if it is on and somebody wants to know. */
  private void keep(ChainStep step, List<ChainTrace.Stage> stages) {
    if (stages != null && (step.isOn(parameters) || step == ChainStep.TEMPERATURE)) {
      double[] probabilities =
          step.compareTo(ChainStep.TEMPERATURE) < 0
              ? Softmax.of(logitsProcessor.values(), vocabSize)
              : candidates.probabilities();
      stages.add(new ChainTrace.Stage(step, probabilities));
    }
  }

  /**
   * As {@link #sample(float[], History, int, int)}, where no penalty asks for a history.
   *
   * @throws IllegalStateException where one does
   */
  public int sample(float[] logits, int sample, int step) {
    if (parameters.needsHistory()) {
      throw new IllegalStateException("these parameters need the text's history");
    }
    return sample(logits, null, sample, step);
  }

  /** The probability that the last id had after the whole chain; 1 where it was greedy. */
  public double probability() {
    return probability;
  }
}
