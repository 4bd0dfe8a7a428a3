package gpt.cli.options;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import gpt.backend.tornado.Profile;
import gpt.cli.output.ProfileTable;
import gpt.load.Device;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

/** The values of {@code --device}, the profile's table and the loading bar. */
class DeviceTest {
  private final DeviceOptions.Converter converter = new DeviceOptions.Converter();

  @ParameterizedTest
  @CsvSource({
    "auto, AUTO",
    "cpu, CPU",
    "gpu, GPU",
    "tornado, TORNADO",
    "emulator, EMULATOR",
    "reference, REFERENCE"
  })
  void aWordNamesAKindOfDevice(String value, Device.Kind kind) {
    assertEquals(new Device(kind, null, 0), converter.convert(value));
  }

  @ParameterizedTest
  @CsvSource({"tornado:opencl:0, opencl, 0", "tornado:ptx:12, ptx, 12", "tornado:0:1, 0, 1"})
  void aDeviceIsNamedByBackendAndIndex(String value, String backend, int index) {
    assertEquals(new Device(Device.Kind.TORNADO, backend, index), converter.convert(value));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "GPU",
        "cuda",
        "tornado:",
        "tornado:opencl",
        "tornado:opencl:",
        "tornado:opencl:x",
        "tornado:opencl:-1",
        "tornado:opencl:9999999999",
        "tornado:opencl:0:0",
        " cpu",
        "gpu:0:0"
      })
  void anythingElseIsRefused(String value) {
    TypeConversionException e =
        assertThrows(TypeConversionException.class, () -> converter.convert(value));
    assertEquals(
        "expected auto, cpu, gpu, tornado, emulator, reference or tornado:BACKEND:DEVICE as in"
            + " tornado:opencl:0, found '"
            + value
            + "'",
        e.getMessage());
  }

  /** The converter accepts every word that the completion script offers. */
  @Test
  void allWordsOfTheCompletionScriptAreAccepted() {
    for (String word : new DeviceOptions.Words()) {
      assertEquals(word, converter.convert(word).kind().word());
    }
  }

  @Test
  void theProfileHasALineForEachStepWithLaunches() {
    Queue<Optional<Profile.Totals>> totals =
        new ArrayDeque<>(
            List.of(
                Optional.of(new Profile.Totals(12_345_678, 0, 1_000_000, 20, 48)),
                Optional.of(new Profile.Totals(0, 0, 0, 0, 0)), // another sequence of that step
                Optional.of(new Profile.Totals(1_500, 0, 1_128, 20, 47)),
                Optional.empty()));
    ProfileTable table = new ProfileTable(totals::remove);
    assertEquals(List.of(), table.lines());
    for (int step = 0; step < 4; step++) {
      table.step();
    }
    assertEquals(
        List.of(
            "step  launches  kernels ms     bytes in    bytes out",
            "prompt      48      12.346      1000000           20",
            "1           47       0.002         1128           20"),
        table.lines());
  }
}
