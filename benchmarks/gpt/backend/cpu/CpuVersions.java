package gpt.backend.cpu;

import gpt.benchmarks.Spec;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;

/** The CPU backend with one or the other kernels, for benchmarks to compare them. */
public final class CpuVersions {
  private CpuVersions() {}

  static CpuKernels kernels(String version) {
    return switch (version) {
      case Spec.PLAIN -> new PlainKernels();
      case Spec.VECTOR -> {
        if (CpuKernelsProvider.refusal() != null) {
          throw new IllegalStateException(CpuKernelsProvider.refusal());
        }
        yield CpuKernelsProvider.kernels();
      }
      default -> throw new IllegalArgumentException("no version " + version);
    };
  }

  /** A backend on such kernels. */
  public static CpuEngine open(
      GptConfig config, Weights weights, Precision precision, int threads, String version) {
    return new CpuEngine(config, weights, precision, threads, kernels(version), fraction -> {});
  }
}
