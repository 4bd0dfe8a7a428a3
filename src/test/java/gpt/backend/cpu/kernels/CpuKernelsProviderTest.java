package gpt.backend.cpu.kernels;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

/** Tests run with the Vector API, so its kernels must be found: they are loaded by name. */
class CpuKernelsProviderTest {
  @Test
  void findsTheVectorKernels() {
    assertNull(CpuKernelsProvider.fallbackReason());
    assertInstanceOf(VectorKernels.class, CpuKernelsProvider.kernels());
    assertInstanceOf(TieredKernels.class, CpuKernelsProvider.tiered());
  }
}
