package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;

import gpt.emulator.OneOrder;
import gpt.kernels.runtime.Version;
import gpt.kernels.sampling.SamplingCases;
import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.HostSampler;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.Logprobs;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The device's sampling chain draws the same ids as the host's, for random logits. */
@Tag("kernels")
class DeviceSamplerTest implements OneOrder {
  private static final long SEED = 20261;

  private static boolean emulated() {
    return TornadoVm.presence() == TornadoVm.Presence.EMULATOR;
  }

  /** Cases of each vocabulary: the emulator is slow, and a test on a device has 10,000. */
  private static int cases(TornadoDevices.Device device, int vocabSize) {
    if (emulated()) {
      return vocabSize > 257 ? 0 : device.target() == Version.Target.CPU ? 60 : 30;
    }
    return vocabSize <= 257 ? 3000 : vocabSize <= 50304 ? 450 : 100;
  }

  @ParameterizedTest
  @MethodSource("gpt.backend.tornado.TornadoModelTest#devices")
  void drawsTheSameIdsAsTheHost(TornadoDevices.Device device) {
    for (int vocabSize : List.of(2, 65, 257, 50257, 50304, 200_000)) {
      int cases = cases(device, vocabSize);
      if (cases > 0) {
        assertSameIds(device, vocabSize, cases);
      }
    }
  }

  /**
   * Six logits whose probabilities at three temperatures lessons on sampling print. What is 2⁻⁶⁴ of
   * the likeliest, or less, is 0 on a device.
   */
  @ParameterizedTest
  @MethodSource("gpt.backend.tornado.TornadoModelTest#devices")
  void givesTheProbabilitiesOfTheLiterature(TornadoDevices.Device device) {
    float[] logits = {6, 2, 7, 0.1f, -8, 9};
    double[] temperatures = {1, 0.1, 10};
    double[][] probabilities = {
      {0.0420, 7.69e-4, 0.1141, 1.15e-4, 3.49e-8, 0.8430},
      {9.36e-14, 0, 2.06e-9, 0, 0, 1.0000},
      {0.2030, 0.1361, 0.2243, 0.1125, 0.0501, 0.2740}
    };
    try (DeviceSampler sampler = new DeviceSampler(device, 1, 6, 6)) {
      sampler.start(
          List.of(new Drawing(SamplingParameters.greedy(), new int[0], new int[0], 6)), 0);
      for (int t = 0; t < temperatures.length; t++) {
        float[][] divided = new float[1][6];
        for (int id = 0; id < 6; id++) {
          divided[0][id] = (float) (logits[id] / temperatures[t]);
        }
        sampler.bring(divided, 0);
        assertEquals(5, sampler.draw()[0]);
        Logprobs found = sampler.logprobs(0);
        double[] all = new double[6];
        for (int i = 0; i < found.ids().length; i++) {
          all[found.ids()[i]] = Math.exp(found.values()[i]);
        }
        for (int id = 0; id < 6; id++) {
          // The paper prints three or four digits.
          double printed = probabilities[t][id];
          assertEquals(printed, all[id], 6e-3 * printed, "T " + temperatures[t] + ", id " + id);
        }
        assertEquals(all[5], Math.exp(found.chosen()), 1e-12);
      }
    }
  }

  /** Several sequences at once with different parameters, a few steps each. */
  private static void assertSameIds(TornadoDevices.Device device, int vocabSize, int cases) {
    int samples = vocabSize <= 257 ? 3 : 2;
    try (DeviceSampler sampler = new DeviceSampler(device, samples, vocabSize, 0)) {
      int done = 0;
      for (long seed = SEED + vocabSize; done < cases; seed++) {
        Random random = new Random(seed);
        List<Drawing> drawings = new ArrayList<>();
        List<HostSampler> hosts = new ArrayList<>();
        List<History> histories = new ArrayList<>();
        for (int b = 0; b < samples; b++) {
          SamplingParameters sampling = parameters(vocabSize, random, seed + b);
          int[] prompt = random.ints(random.nextInt(20), 0, vocabSize).toArray();
          int stop = random.nextInt(vocabSize);
          drawings.add(new Drawing(sampling, prompt, stop));
          hosts.add(new HostSampler(sampling, vocabSize, stop));
          histories.add(new History(vocabSize));
          histories.get(b).start(prompt);
        }
        int[] completions = random.ints(samples, 0, 5).toArray();
        sampler.start(drawings, completions);
        for (int step = 0; step < 3; step++) {
          float[][] logits = new float[samples][];
          int[] expected = new int[samples];
          for (int b = 0; b < samples; b++) {
            logits[b] = logits(vocabSize, random);
            expected[b] = host(hosts.get(b), logits[b], histories.get(b), completions[b], step);
          }
          sampler.bring(logits, step);
          int[] found = sampler.draw();
          for (int b = 0; b < samples; b++) {
            assertEquals(
                expected[b],
                found[b],
                "V %d, seed %d, step %d, sequence %d: %s"
                    .formatted(vocabSize, seed, step, b, drawings.get(b).sampling()));
            done++;
          }
          if (IntStream.of(found).anyMatch(id -> id < 0)) {
            break;
          }
        }
      }
    }
  }

  private static int host(HostSampler host, float[] logits, History history, int sample, int step) {
    try {
      int id = host.sample(logits, history, sample, step);
      history.add(id);
      return id;
    } catch (InvalidLogitsException e) {
      return SamplingCases.status(e);
    }
  }

  /** Flat, peaked, tied or ordinary logits; some with an infinity or NaN. */
  private static float[] logits(int vocabSize, Random random) {
    float[] logits = new float[vocabSize];
    int form = random.nextInt(5);
    float scale = new float[] {0, 3, 1, 20, 0.01f}[form];
    for (int id = 0; id < vocabSize; id++) {
      logits[id] = scale * (float) random.nextGaussian();
      if (form == 2) {
        logits[id] = Math.round(logits[id]); // ties
      }
    }
    if (random.nextInt(4) == 0) {
      logits[random.nextInt(vocabSize)] = Float.NEGATIVE_INFINITY;
    }
    if (random.nextInt(40) == 0) {
      logits[random.nextInt(vocabSize)] =
          random.nextBoolean() ? Float.NaN : Float.POSITIVE_INFINITY;
    }
    return logits;
  }

  private static SamplingParameters parameters(int vocabSize, Random random, long seed) {
    SamplingParameters.Builder builder = SamplingParameters.builder().seed(seed * 0x9E3779B97F4AL);
    if (random.nextInt(3) == 0) {
      builder.repetitionPenalty(0.5 + random.nextDouble());
    }
    if (random.nextInt(3) == 0) {
      builder.frequencyPenalty(random.nextGaussian() * 0.3);
      builder.presencePenalty(random.nextGaussian());
    }
    if (random.nextInt(3) == 0) {
      builder.logitBias(random.nextInt(vocabSize), random.nextGaussian() * 3);
      builder.logitBias(random.nextInt(vocabSize), Double.NEGATIVE_INFINITY);
    }
    if (random.nextInt(3) == 0) {
      builder.minNewTokens(2);
    }
    double[] temperatures = {0, 0.1, 0.7, 1, 1.5, 10};
    builder.temperature(temperatures[random.nextInt(temperatures.length)]);
    if (random.nextBoolean()) {
      builder.topK(1 + random.nextInt(Math.min(300, 2 * vocabSize)));
    }
    if (random.nextBoolean()) {
      builder.topP(1 - random.nextDouble());
    }
    if (random.nextInt(3) == 0) {
      builder.minP(random.nextDouble() * 0.3);
    }
    if (random.nextInt(3) == 0) {
      builder.typicalP(1 - random.nextDouble());
    }
    return builder.build();
  }
}
