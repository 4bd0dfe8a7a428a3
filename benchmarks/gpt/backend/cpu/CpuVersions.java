package gpt.backend.cpu;

import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.CpuKernelsProvider;
import gpt.backend.cpu.kernels.ScalarKernels;
import gpt.benchmarks.Spec;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;

/** Opens the CPU backend with chosen kernels, so that benchmarks can compare them. */
public final class CpuVersions {
  private CpuVersions() {}

  static CpuKernels kernels(String version) {
    return switch (version) {
      case Spec.PLAIN -> new ScalarKernels(8);
      case Spec.VECTOR -> {
        if (CpuKernelsProvider.fallbackReason() != null) {
          throw new IllegalStateException(CpuKernelsProvider.fallbackReason());
        }
        yield CpuKernelsProvider.kernels();
      }
      default ->
          throw new IllegalArgumentException("expected version plain or vector, found " + version);
    };
  }

  /** An engine with the given version of the kernels. */
  public static CpuEngine open(
      GptConfig config, Weights weights, Precision precision, int threads, String version) {
    return new CpuEngine(config, weights, precision, threads, kernels(version), fraction -> {});
  }
}
