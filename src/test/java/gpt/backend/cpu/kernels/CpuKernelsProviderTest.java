package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import gpt.model.Precision;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests run with the Vector API, so its kernels must be found: they are loaded by name. */
class CpuKernelsProviderTest {
  @Test
  void findsTheVectorKernels() {
    assertNull(CpuKernelsProvider.fallbackReason());
    assertInstanceOf(VectorKernels.class, CpuKernelsProvider.kernels());
    WarmUp warmUp = new WarmUp(CpuKernelsProvider.kernels(), Precision.F32, List.of());
    assertInstanceOf(TieredKernels.class, CpuKernelsProvider.tiered(warmUp));
  }
}
