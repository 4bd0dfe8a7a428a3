package gpt.emulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import uk.ac.manchester.tornado.api.emulator.ArrayTraffic;
import uk.ac.manchester.tornado.api.emulator.CountingLoader;
import uk.ac.manchester.tornado.api.emulator.Traffic;

/**
 * Counts of kernels that can be worked out by hand. The first element of an array is 16 bytes into
 * its buffer, so 32 adjacent floats are bytes 16 to 143 and touch 5 sectors of 32 bytes.
 */
class CountingTest {
  private static final Class<?> KERNELS = load();

  private static Class<?> load() {
    try {
      return new CountingLoader(
              CountingTest.class.getClassLoader(), "gpt.", List.of("gpt.emulator.CountedKernels"))
          .loadClass("gpt.emulator.CountedKernels");
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static Traffic count(String kernel, int argument) throws Exception {
    return (Traffic)
        KERNELS.getMethod("count", String.class, int.class).invoke(null, kernel, argument);
  }

  /**
   * Two warps. With stride s, a warp's first byte is 16 + 128·s·warp and its last 128·s − 4·(s − 1)
   * − 1 further.
   */
  @ParameterizedTest
  @CsvSource({"1, 5, 9", "2, 9, 17", "4, 17, 33", "8, 32, 64", "32, 32, 64"})
  void sectorsOfAStride(int stride, int ofAWarp, int touched) throws Exception {
    Traffic traffic = count("strided", stride);
    ArrayTraffic x = traffic.of("x");
    assertEquals(new ArrayTraffic.Accesses(2, 256, 2L * ofAWarp), x.loads());
    assertEquals(32L * touched, x.touched());
    assertEquals(new ArrayTraffic.Accesses(2, 256, 10), traffic.of("y").stores());
    assertEquals(new ArrayTraffic.Accesses(0, 0, 0), traffic.of("y").loads());
    assertEquals(64, traffic.items());
    assertEquals(2, traffic.groups());
    assertEquals(0, traffic.barriers());
  }

  @Test
  void oneElementForAllLanesIsOneSectorOfEachInstruction() throws Exception {
    Traffic traffic = count("broadcast", 7);
    assertEquals(new ArrayTraffic.Accesses(4, 512, 4), traffic.of("x").loads());
    assertEquals(32, traffic.of("x").touched());
    assertEquals(128, traffic.flops());
  }

  /** A column of rows of 32 words is in one bank; one more word a row puts it into 32. */
  @ParameterizedTest
  @CsvSource({"32, 1056", "33, 64"})
  void aTransposedTileIsCoalescedAndItsPaddingAvoidsBankConflicts(int width, int passes)
      throws Exception {
    Traffic traffic = count("transposed", width);
    assertEquals(new ArrayTraffic.Accesses(32, 4096, 160), traffic.of("x").loads());
    assertEquals(new ArrayTraffic.Accesses(32, 4096, 160), traffic.of("y").stores());
    assertEquals(64, traffic.localRequests());
    assertEquals(passes, traffic.localPasses());
    assertEquals(1, traffic.barriers());
  }

  /** Of 32 lanes the odd ones load in the loop, and then the odd ones or the even ones. */
  @ParameterizedTest
  @CsvSource({"0", "1"})
  void lanesOfABranchAreOneRequestAndEachCallIsAnother(int even) throws Exception {
    Traffic traffic = count("divergent", even);
    assertEquals(2, traffic.of("x").loads().requests());
    assertEquals(2 * 16 * 4, traffic.of("x").loads().asked());
    assertEquals(10, traffic.of("x").loads().sectors());
    assertEquals(1, traffic.warpSums());
    assertEquals(32, traffic.functions());
  }

  /** Adjacent work items have adjacent r: x is read coalesced, y written with a stride of 8. */
  @Test
  void theOutermostParallelLoopIsDimension0() throws Exception {
    Traffic traffic = count("parallel", 8);
    assertEquals(256, traffic.items());
    assertEquals(new ArrayTraffic.Accesses(8, 1024, 40), traffic.of("x").loads());
    assertEquals(new ArrayTraffic.Accesses(8, 1024, 8 * 32), traffic.of("y").stores());
  }
}
