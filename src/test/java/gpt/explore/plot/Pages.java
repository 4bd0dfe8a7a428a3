package gpt.explore.plot;

import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/** Creates pages from logits. */
final class Pages {
  private Pages() {}

  /** Labels t0, t1, … */
  static String[] labels(int vocabSize) {
    return IntStream.range(0, vocabSize).mapToObj(id -> "t" + id).toArray(String[]::new);
  }

  static StepsPage page(SamplingParameters parameters, float[]... steps) {
    return page(parameters, labels(steps[0].length), steps);
  }

  static StepsPage page(SamplingParameters parameters, String[] labels, float[]... steps) {
    StepsPage page = new StepsPage("A <title> & more", parameters, labels);
    HostSampler sampler = new HostSampler(parameters, labels.length);
    for (int step = 0; step < steps.length; step++) {
      int[] ids = IntStream.rangeClosed(0, step).toArray();
      page.add("", ids, sampler.trace(steps[step], null, 0, step));
    }
    return page;
  }

  /** Normally distributed logits. */
  static float[] random(int vocabSize, double spread, long seed) {
    Random random = new Random(seed);
    return logits(vocabSize, id -> spread * random.nextGaussian());
  }

  static float[] logits(int vocabSize, IntFunction<Double> logit) {
    float[] logits = new float[vocabSize];
    for (int id = 0; id < vocabSize; id++) {
      logits[id] = logit.apply(id).floatValue();
    }
    return logits;
  }

  /** A copy with a function applied to each logit. */
  static float[] changed(float[] logits, UnaryOperator<Float> change) {
    float[] changed = Arrays.copyOf(logits, logits.length);
    for (int id = 0; id < logits.length; id++) {
      changed[id] = change.apply(logits[id]);
    }
    return changed;
  }
}
