package gpt.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Precision;
import java.util.OptionalLong;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class HostMemoryTest {
  private static final GptConfig XL =
      new GptConfig(48, 25, 1600, 1024, 50257, 6400, true, Gelu.TANH, 1e-5);

  private static String refusal(Precision precision, long available) {
    return assertThrows(
            GptException.class,
            () -> HostMemory.check(HostMemoryTest::weights, precision, OptionalLong.of(available)))
        .getMessage();
  }

  private static long weights(Precision precision) {
    return CpuEngine.weightBytes(XL, true, precision) + 4L * XL.blockSize() * XL.nEmbd();
  }

  @Test
  void suggestsPrecisionsThatFit() {
    assertEquals(
        "the weights take 6.23 GB of memory as f32, and 4.00 GB are free; dtype bf16 takes 3.12"
            + " GB, dtype i8 takes 1.56 GB, dtype q4 takes 881.2 MB",
        refusal(Precision.F32, 4_000_000_000L));
    assertEquals(
        "the weights take 6.23 GB of memory as f32, and 2.00 GB are free; dtype i8 takes 1.56 GB,"
            + " dtype q4 takes 881.2 MB",
        refusal(Precision.F32, 2_000_000_000L));
    assertEquals(
        "the weights take 1.56 GB of memory as i8, and 1.00 GB are free; dtype q4 takes 881.2 MB",
        refusal(Precision.I8, 1_000_000_000L));
    assertEquals(
        "the weights take 881.2 MB of memory as q4, and 800.0 MB are free; use a smaller model",
        refusal(Precision.Q4, 800_000_000L));
  }

  @Test
  void acceptsModelsThatFitAndUnknownMemory() {
    HostMemory.check(HostMemoryTest::weights, Precision.F32, OptionalLong.of(7_000_000_000L));
    HostMemory.check(HostMemoryTest::weights, Precision.F32, OptionalLong.empty());
  }

  @Test
  void countsADevicesArraysTwiceInSharedMemory() {
    OptionalLong free = OptionalLong.of(10_000_000_000L);
    HostMemory.checkArrays(6_000_000_000L, false, Precision.F32, free);
    HostMemory.checkArrays(6_000_000_000L, true, Precision.F32, OptionalLong.empty());
    assertEquals(
        "the model's arrays take 12.00 GB of this machine's memory as f32, half of it the device's"
            + " copy, and 10.00 GB are free; use dtype i8, a smaller model, or device cpu",
        assertThrows(
                GptException.class,
                () -> HostMemory.checkArrays(6_000_000_000L, true, Precision.F32, free))
            .getMessage());
    assertEquals(
        "the model's arrays take 12.00 GB of this machine's memory as i8, and 10.00 GB are free;"
            + " use a smaller model, or device cpu",
        assertThrows(
                GptException.class,
                () -> HostMemory.checkArrays(12_000_000_000L, false, Precision.I8, free))
            .getMessage());
  }

  @Test
  void findsTheMachinesMemory() {
    Assumptions.assumeTrue(
        System.getProperty("os.name").equals("Linux"), "/proc/meminfo is Linux's");
    long available = HostMemory.available().orElseThrow();
    assertTrue(available > 100_000_000, "available: " + available);
  }
}
