package gpt.benchmarks;

import gpt.cpu.CpuBackend;
import gpt.cpu.CpuKernelsProvider;
import gpt.cpu.ReadBandwidth;
import gpt.model.Backend;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * How close does the CPU's decode come to the memory's speed, and how fast is prefill? GPT-2's
 * shape with random weights, a short context, all cores.
 *
 * <p>A token reads every weight matrix once and so cannot be faster than the memory delivers them.
 * What it delivers changes on shared machines, so each round first probes it (the best of three
 * passes, see {@link ReadBandwidth}) and the figure to quote is the ratio. Claim: 0.75 or more.
 *
 * <p>{@code scripts/bench-cpu [ROUNDS] [THREADS] [f32|bf16|f16|i8]}
 */
public final class CpuForward {
  private static final int DECODED = 32;
  private static final int PROMPT = 512;

  private CpuForward() {}

  /** Prints one line a round and the medians. */
  public static void main(String[] args) {
    int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 9;
    int threads =
        args.length > 1 ? Integer.parseInt(args[1]) : Runtime.getRuntime().availableProcessors();
    Precision precision =
        args.length > 2 ? Precision.valueOf(args[2].toUpperCase(Locale.ROOT)) : Precision.F32;
    GptConfig config = RandomWeights.shape(12, 12, 768, 1024, 50257, true, Gelu.TANH);
    long block = 4L * 768 * 768 + 8L * 768 * 768;
    double bytes = (double) precision.bytes() * (12 * block + 50257L * 768);
    long start = System.nanoTime();
    try (ReadBandwidth probe = new ReadBandwidth(threads);
        CpuBackend backend =
            CpuBackend.open(
                config, RandomWeights.of(config, 1, 0.02f), precision, threads, fraction -> {});
        Backend.Session session = backend.newSession()) {
      System.out.printf(
          Locale.ROOT,
          "GPT-2 124M, %s, %s, %d threads, Java %s; set up in %.1f s%n",
          precision.word(),
          CpuKernelsProvider.description(),
          threads,
          Runtime.version(),
          seconds(start));
      int[] ids = new Random(2).ints(PROMPT, 0, config.vocabSize()).toArray();
      double[][] figures = new double[4][rounds];
      for (int round = -2; round < rounds; round++) {
        double gb = probe.measure(3) / 1e9;
        session.truncate(0);
        session.prefill(Arrays.copyOf(ids, 8));
        start = System.nanoTime();
        for (int i = 0; i < DECODED; i++) {
          session.decode(ids[i]);
        }
        double decode = DECODED / seconds(start);
        session.truncate(0);
        start = System.nanoTime();
        session.prefill(ids);
        double prefill = PROMPT / seconds(start);
        double share = decode * bytes / 1e9 / gb;
        System.out.printf(
            Locale.ROOT,
            "%s probe %.1f GB/s; decode %.1f tokens/s, %.1f GB/s, %.2f of the probe;"
                + " prefill %.0f tokens/s%n",
            round < 0 ? "warm-up" : "round " + round,
            gb,
            decode,
            decode * bytes / 1e9,
            share,
            prefill);
        if (round >= 0) {
          double[] now = {gb, decode, share, prefill};
          for (int i = 0; i < now.length; i++) {
            figures[i][round] = now[i];
          }
        }
      }
      for (double[] f : figures) {
        Arrays.sort(f);
      }
      System.out.printf(
          Locale.ROOT,
          "median: probe %.1f GB/s (%.1f to %.1f); decode %.1f tokens/s; share %.2f (%.2f to %.2f);"
              + " prefill of %d %.0f tokens/s%n",
          figures[0][rounds / 2],
          figures[0][0],
          figures[0][rounds - 1],
          figures[1][rounds / 2],
          figures[2][rounds / 2],
          figures[2][0],
          figures[2][rounds - 1],
          PROMPT,
          figures[3][rounds / 2]);
    }
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }
}
