package gpt.kernels;

import gpt.backend.tornado.TornadoDevices;
import gpt.benchmarks.Probe;
import gpt.kernels.runtime.Copy;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;

/** Measures the bandwidth and the peak FLOP/s of a device. */
public final class DeviceProbe implements Probe.Source {
  private static final long SEED = 1;

  /** Floats that the copy reads: 128 MB, larger than most caches. */
  private static final int COPIED = 32 << 20;

  private static final int LAUNCHES = 7;

  private final String device;
  private final List<TimedKernel> copies = new ArrayList<>();
  private final TimedKernel fma;
  private final double knownPeak;

  /**
   * Allocates 256 MB on the device.
   *
   * @param knownPeak peak FLOP/s measured by other means, 0 if unknown; the compiler of a CPU
   *     device may not vectorize the kernel that measures it here
   */
  public DeviceProbe(TornadoDevices.Device device, double knownPeak) throws Exception {
    this.knownPeak = knownPeak;
    this.device = device.id();
    KernelCase<Copy.Arguments> copy = KernelCases.copy(COPIED, SEED);
    for (Version<Copy.Arguments> version : List.of(Copy.RUN_PER_THREAD, Copy.RUN_PER_GROUP)) {
      copies.add(TimedKernel.of(copy, version, device));
    }
    fma = TimedKernel.of(FmaKernel.of(SEED), FmaKernel.EIGHT_PER_THREAD, device);
  }

  @Override
  public Probe measure(int firstRow) {
    double copied =
        copies.stream().mapToDouble(c -> c.work().bytes() / seconds(c)).max().orElseThrow();
    double peak = Math.max(knownPeak, fma.work().flops() / seconds(fma));
    return new Probe(device, firstRow, copied, 0, peak);
  }

  /** The shortest of several launches. */
  private static double seconds(TimedKernel kernel) {
    long best = Long.MAX_VALUE;
    for (int i = 0; i < LAUNCHES; i++) {
      best = Math.min(best, kernel.launch());
    }
    return best / 1e9;
  }

  @Override
  public void close() {
    for (TimedKernel copy : copies) {
      copy.close();
    }
    fma.close();
  }
}
