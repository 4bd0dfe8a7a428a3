package gpt.kernels;

import gpt.kernels.ResidualProjection.Branch;
import gpt.tornado.TornadoDevices;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;

/**
 * How fast is each version of each kernel at GPT-2's shapes, and how close does it come to what
 * bounds it? The same cases that the tests check, checked here too before they are timed.
 *
 * <p>It prints the device's own time for a launch (the median of 15), the bytes that the operation
 * must move in that time, and their share of what a copy moves on the same device in the same run;
 * for products of many rows GFLOP/s. Expect, on a CPU device, the {@code …PerThread} versions to be
 * 4 to 10 times as fast as the {@code …PerGroup} ones, and the other way round on a GPU.
 *
 * <p>{@code scripts/bench-kernels [--device BACKEND:DEVICE] [OPERATION…]}
 */
public final class KernelSpeed {
  private static final long SEED = 1;
  private static final int LAUNCHES = 15;

  /** Floats that the copy reads: 128 MB, more than caches hold. */
  private static final int COPIED = 32 << 20;

  private final TornadoDevices.Device device;
  private final double copied;

  private KernelSpeed(TornadoDevices.Device device) throws Exception {
    this.device = device;
    copied = copyBandwidth();
  }

  private interface Benchmark {
    void run(KernelSpeed speed) throws Exception;
  }

  private static final Map<String, Benchmark> OPERATIONS = operations();

  private static Map<String, Benchmark> operations() {
    Map<String, Benchmark> all = new LinkedHashMap<>();
    all.put(
        "embedding",
        s -> s.time(Embedding.VERSIONS, KernelCases.embedding(Matrix.F32, 1, 50257, 768, SEED)));
    all.put(
        "layernorm",
        s -> {
          s.time(LayerNorm.VERSIONS, KernelCases.layerNorm(LayerNorm.Place.MLP, 1, 768, SEED));
          s.time(LayerNorm.VERSIONS, KernelCases.layerNorm(LayerNorm.Place.MLP, 256, 768, SEED));
        });
    all.put(
        "qkv",
        s -> {
          s.time(QkvProjection.VERSIONS.all(), KernelCases.qkv(Matrix.F32, 1, 12, 64, false, SEED));
          s.time(
              manyRows(QkvProjection.VERSIONS),
              KernelCases.qkv(Matrix.F32, 256, 12, 64, true, SEED));
        });
    all.put(
        "residual",
        s -> {
          for (int dtype : s.dtypes()) {
            s.time(
                ResidualProjection.VERSIONS.all(),
                KernelCases.residual(Branch.MLP, dtype, 1, 768, 3072, SEED));
          }
          s.time(
              manyRows(ResidualProjection.VERSIONS),
              KernelCases.residual(Branch.MLP, Matrix.F32, 256, 768, 3072, SEED));
        });
    all.put(
        "gelu",
        s -> {
          s.time(
              GeluProjection.VERSIONS.all(),
              KernelCases.gelu(Matrix.F32, 1, 3072, 768, Gelu.TANH, SEED));
          s.time(
              manyRows(GeluProjection.VERSIONS),
              KernelCases.gelu(Matrix.F32, 256, 3072, 768, Gelu.TANH, SEED));
        });
    all.put(
        "lm-head",
        s -> {
          for (int dtype : s.dtypes()) {
            s.time(LmHead.VERSIONS.all(), KernelCases.lmHead(dtype, 1, 50257, 768, SEED));
          }
        });
    all.put(
        "attention",
        s -> s.time(Attention.VERSIONS, KernelCases.attention(1, 12, 64, 1024, false, SEED)));
    all.put(
        "split-attention",
        s -> s.time(SplitAttention.VERSIONS, KernelCases.splitAttention(1, 12, 64, 1024, SEED)));
    all.put(
        "attention-merge",
        s -> s.time(AttentionMerge.VERSIONS, KernelCases.attentionMerge(1, 12, 64, 1024, SEED)));
    all.put(
        "prefill-attention",
        s ->
            s.time(PrefillAttention.VERSIONS, KernelCases.attention(256, 12, 64, 256, true, SEED)));
    all.put("argmax", s -> s.time(Argmax.VERSIONS, KernelCases.argmax(1, 1, 50257, SEED)));
    all.put(
        "cross-entropy",
        s -> s.time(CrossEntropy.VERSIONS, LossCases.crossEntropy(32, 50257, SEED)));
    Sampling.Layout small = new Sampling.Layout(50257, 1024, 6);
    all.put(
        "logit-steps",
        s -> s.time(LogitSteps.VERSIONS, SamplingCases.logitSteps(1, 1, small, true, SEED)));
    all.put(
        "distances", s -> s.time(Distances.VERSIONS, SamplingCases.distances(1, small, 1, SEED)));
    all.put(
        "tally",
        s -> {
          int kind = Sampling.KIND_TOP_P;
          s.time(Tally.VERSIONS, SamplingCases.tally(1, small, kind, 0, SEED));
          Sampling.Layout large = new Sampling.Layout(50257, 6283, 10);
          s.time(
              List.of(Tally.NAIVE, Tally.CHUNK_PER_THREAD),
              SamplingCases.tally(1, large, kind, 0, SEED));
        });
    all.put(
        "narrow",
        s -> {
          int kind = Sampling.KIND_TOP_P;
          s.time(Narrow.VERSIONS, SamplingCases.narrow(1, small, kind, 0, SEED));
        });
    all.put("moments", s -> s.time(Moments.VERSIONS, SamplingCases.moments(1, 50257, SEED)));
    int[] prompt = {0, 0, 0, 0};
    int[] beams = {0, 0, 0, 3};
    all.put(
        "slot-copy",
        s -> {
          s.time(SlotCopy.VERSIONS, BeamCases.slotCopy(prompt, 12, 64, 256, 1024, SEED));
          s.time(SlotCopy.VERSIONS, BeamCases.slotCopy(beams, 12, 64, 256, 1024, SEED));
        });
    all.put(
        "beam-chunks",
        s -> s.time(BeamChunks.VERSIONS, BeamCases.chunks(4, 8, 50257, 1024, false, SEED)));
    all.put("beam-totals", s -> s.time(BeamTotals.VERSIONS, BeamCases.totals(4, 50, 1, SEED)));
    all.put(
        "beam-merge",
        s -> s.time(BeamMerge.VERSIONS, BeamCases.merge(4, 8, 50257, 1024, false, 0, SEED)));
    return all;
  }

  private static <A> List<Version<A>> manyRows(Projection.Versions<A> versions) {
    return List.of(versions.naive(), versions.blockPerThread(), versions.tiled());
  }

  /** Runs the operations that are named, or all. */
  public static void main(String[] args) throws Exception {
    List<String> names = new ArrayList<>(List.of(args));
    TornadoDevices devices = TornadoDevices.find();
    TornadoDevices.Device device = devices.first();
    if (names.size() > 1 && names.get(0).equals("--device")) {
      String[] id = names.get(1).split(":");
      device = devices.named(id[0], id.length > 1 ? Integer.parseInt(id[1]) : 0);
      names.subList(0, 2).clear();
    }
    if (names.isEmpty()) {
      names.addAll(OPERATIONS.keySet());
    }
    for (String name : names) {
      if (!OPERATIONS.containsKey(name)) {
        System.err.println(
            "bench-kernels: no operation '"
                + name
                + "'; there are "
                + String.join(", ", OPERATIONS.keySet()));
        System.exit(2);
      }
    }
    KernelSpeed speed = new KernelSpeed(device);
    for (String name : names) {
      OPERATIONS.get(name).run(speed);
    }
  }

  private int[] dtypes() {
    return device.hasHalf()
        ? new int[] {Matrix.F32, Matrix.F16, Matrix.I8}
        : new int[] {Matrix.F32, Matrix.I8};
  }

  private double copyBandwidth() throws Exception {
    KernelCase<Copy.Arguments> copy = KernelCases.copy(COPIED, SEED);
    double ms =
        Math.min(milliseconds(copy, Copy.RUN_PER_THREAD), milliseconds(copy, Copy.RUN_PER_GROUP));
    double bandwidth = copy.bytes() / ms / 1e6;
    System.out.printf(
        Locale.ROOT,
        "%s %s, Java %s; a copy moves %.1f GB/s%n",
        device.id(),
        device.name(),
        Runtime.version(),
        bandwidth);
    return bandwidth;
  }

  private <A> void time(List<Version<A>> versions, KernelCase<A> test) throws Exception {
    System.out.println(test);
    for (Version<A> version : versions) {
      String wrong = test.check(version, device.handle());
      if (wrong != null) {
        System.out.printf("  %-18s WRONG: %s%n", version, wrong);
        continue;
      }
      double ms = milliseconds(test, version);
      double gb = test.bytes() / ms / 1e6;
      System.out.printf(
          Locale.ROOT,
          "  %-18s %9.3f ms  %7.2f GB/s  %5.2f of a copy  %7.2f GFLOP/s%n",
          version,
          ms,
          gb,
          gb / copied,
          test.flops() / ms / 1e6);
    }
  }

  private <A> double milliseconds(KernelCase<A> test, Version<A> version) throws Exception {
    double[] times = new double[LAUNCHES];
    try (TornadoExecutionPlan plan = test.timed(version, device.handle())) {
      for (int i = -3; i < LAUNCHES; i++) {
        double ms = plan.execute().getProfilerResult().getDeviceKernelTime() / 1e6;
        if (i >= 0) {
          times[i] = ms;
        }
      }
      plan.freeDeviceMemory();
    }
    Arrays.sort(times);
    return times[LAUNCHES / 2];
  }
}
