package gpt.tornado;

import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Time to draw a token of GPT-2's vocabulary from logits on a device: by the chain there, or by the
 * host's, which has the logits copied first. Both must choose the same id, or it ends.
 *
 * <p>Claim: the chain on the device costs less than copying the logits and drawing on the host, on
 * a GPU; on a CPU device, which has no way to copy, it costs its launches. Control: the two take
 * turns in one run. What to see: a line for each setting, the share of a token's time in the last
 * column where {@code --token-ms} tells that time.
 *
 * <pre>
 * scripts/bench-kernels sampling [--token-ms MS]
 * </pre>
 */
public final class SamplingSpeed {
  private static final int VOCABULARY = 50257;
  private static final int ROUNDS = 60;
  private static final int WARM_UP = 30;
  private static final long SEED = 1337;

  private SamplingSpeed() {}

  private static Map<String, SamplingParameters> settings() {
    Map<String, SamplingParameters> all = new LinkedHashMap<>();
    all.put("greedy, penalised", chain().temperature(0).repetitionPenalty(1.1).build());
    all.put("temperature", chain().temperature(0.8).build());
    all.put("top-k 200 (default)", chain().temperature(0.8).topK(200).build());
    all.put("top-p 0.95", chain().topP(0.95).build());
    all.put("top-k, top-p, min-p", chain().topK(200).topP(0.95).minP(0.02).build());
    all.put(
        "everything",
        chain()
            .repetitionPenalty(1.1)
            .frequencyPenalty(0.1)
            .logitBias(7, 1)
            .topK(200)
            .topP(0.95)
            .minP(0.02)
            .typicalP(0.9)
            .build());
    return all;
  }

  private static SamplingParameters.Builder chain() {
    return SamplingParameters.builder().seed(SEED);
  }

  /** Prints a line for each setting. */
  public static void main(String[] args) {
    double token = args.length == 2 ? Double.parseDouble(args[1]) : Double.NaN;
    TornadoDevices.Device device = TornadoDevices.find().first();
    System.out.printf(
        Locale.ROOT,
        "%s %s, Java %s; %d ids, logits from N(0, 3\u00b2), seed %d; medians of %d%n",
        device.id(),
        device.name(),
        Runtime.version(),
        VOCABULARY,
        SEED,
        ROUNDS);
    System.out.println("                        device ms     host ms  ratio  share of a token");
    try (DeviceSampler sampler = new DeviceSampler(device, 1, VOCABULARY, 0)) {
      settings().forEach((name, sampling) -> time(name, sampling, sampler, token));
    }
  }

  private static void time(
      String name, SamplingParameters sampling, DeviceSampler sampler, double token) {
    Random random = new Random(SEED);
    int[] prompt = {1, 2, 3};
    sampler.start(new Drawing(sampling, 0, prompt));
    HostSampler host = new HostSampler(sampling, VOCABULARY);
    History history = new History(VOCABULARY);
    history.start(prompt);
    double[] device = new double[ROUNDS];
    double[] both = new double[ROUNDS];
    float[][] logits = new float[1][VOCABULARY];
    float[] copy = new float[VOCABULARY];
    for (int round = -WARM_UP; round < ROUNDS; round++) {
      for (int id = 0; id < VOCABULARY; id++) {
        logits[0][id] = 3 * (float) random.nextGaussian();
      }
      int step = round + WARM_UP;
      sampler.bring(logits, step);
      long begin = System.nanoTime();
      int there = sampler.draw()[0];
      long middle = System.nanoTime();
      sampler.fetch(0, copy);
      int here = host.sample(copy, history, 0, step);
      long end = System.nanoTime();
      history.add(here);
      if (there != here) {
        throw new IllegalStateException(
            name + ": the device chose " + there + ", the host " + here);
      }
      if (round >= 0) {
        device[round] = (middle - begin) / 1e6;
        both[round] = (end - middle) / 1e6;
      }
    }
    Arrays.sort(device);
    Arrays.sort(both);
    double deviceMs = device[ROUNDS / 2];
    double hostMs = both[ROUNDS / 2];
    System.out.printf(
        Locale.ROOT,
        "%-22s %10.3f %11.3f %6.2f  %s%n",
        name,
        deviceMs,
        hostMs,
        deviceMs / hostMs,
        Double.isNaN(token) ? "" : "%.1f%%".formatted(100 * deviceMs / token));
  }
}
