package gpt.backend.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.GptException;
import gpt.model.Approximations;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.model.RandomWeights;
import gpt.model.Weights;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Device memory that a model needs, and the errors where it does not fit. */
@Tag("kernels")
class DeviceMemoryTest {
  private static final long SEED = 4711;

  @Test
  void aModelThatDoesNotFitIsRejectedWithWhatToTry() {
    TornadoDevices.Device device = TornadoDevices.find().first();
    GptConfig xl = RandomWeights.shape(48, 25, 1600, 1024, 50257, true, Gelu.TANH);
    TornadoDevices.Device small = sized(device, 8_000_000_000L, 4_000_000_000L);
    assertEquals(
        Optional.empty(),
        new DeviceMemory(xl, true, small, Precision.F32, Approximations.NONE).shortage(1));
    String tooMany =
        new DeviceMemory(xl, true, small, Precision.F32, Approximations.NONE)
            .shortage(8)
            .orElseThrow();
    assertTrue(tooMany.contains("--num-samples"), tooMany);
    assertEquals(
        2, new DeviceMemory(xl, true, small, Precision.F32, Approximations.NONE).fitting(5));
    TornadoDevices.Device tiny = sized(device, 4_000_000_000L, 4_000_000_000L);
    String tooLarge =
        new DeviceMemory(xl, true, tiny, Precision.F32, Approximations.NONE)
            .shortage(1)
            .orElseThrow();
    assertTrue(tooLarge.contains("needs 6.9") && tooLarge.contains("has 4.00 GB"), tooLarge);
    assertTrue(tooLarge.contains("--dtype i8"), tooLarge);
    assertEquals(
        Optional.empty(),
        new DeviceMemory(xl, true, tiny, Precision.I8, Approximations.NONE).shortage(1));
    TornadoDevices.Device narrow = sized(device, 80_000_000_000L, 1_000_000_000L);
    String oneArray =
        new DeviceMemory(xl, true, narrow, Precision.F32, Approximations.NONE)
            .shortage(1)
            .orElseThrow();
    assertTrue(oneArray.contains("1.97 GB") && oneArray.contains("1.00 GB"), oneArray);
    GptException refused =
        assertThrows(
            GptException.class,
            () -> new DeviceMemory(xl, true, tiny, Precision.F32, Approximations.NONE).check(1));
    assertEquals(tooLarge, refused.getMessage());
    GptConfig wide = RandomWeights.shape(1, 1, 257, 8, 10, true, Gelu.TANH);
    assertThrows(
        GptException.class,
        () -> new DeviceMemory(wide, true, device, Precision.F32, Approximations.NONE).check(1));
  }

  private static TornadoDevices.Device sized(
      TornadoDevices.Device d, long memory, long largestArray) {
    return new TornadoDevices.Device(
        d.backend(),
        d.backendIndex(),
        d.index(),
        d.name(),
        d.platform(),
        d.type(),
        memory,
        largestArray,
        d.hasHalf(),
        d.handle(),
        Kernels.AUTO);
  }

  @ParameterizedTest
  @MethodSource("gpt.backend.tornado.TornadoModelTest#precisions")
  void theMemoryNeededIsThatOfTheArrays(TornadoDevices.Device device, Precision precision) {
    GptConfig config = RandomWeights.shape(3, 3, 33, 300, 71, true, Gelu.EXACT);
    Weights weights = RandomWeights.of(config, SEED, 0.5f);
    KernelSet kernels = KernelSet.of(device, device.hasShuffles());
    DeviceWeights w = new DeviceWeights(config, weights, precision, f -> {});
    DeviceBuffers b =
        new DeviceBuffers(
            config, Approximations.NONE, 4, DeviceMemory.splitRows(config, kernels, 4), 0);
    long bytes =
        Stream.of(w.arrays(), b.floats(), b.ints())
            .flatMap(List::stream)
            .mapToLong(array -> (long) array.getSize() * array.getElementSize())
            .sum();
    long needed = new DeviceMemory(config, true, device, precision, Approximations.NONE).needed(4);
    assertEquals(bytes, needed, 2000 + 0.01 * bytes);
  }
}
