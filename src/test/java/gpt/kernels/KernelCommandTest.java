package gpt.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.kernels.KernelOperations.Operation;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code scripts/kernels}. */
class KernelCommandTest {
  private record Result(int status, List<String> out, String err) {}

  private static Result run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int status = KernelCommand.run(new PrintStream(out), new PrintStream(err), args);
    return new Result(status, out.toString().lines().toList(), err.toString().strip());
  }

  /** Every operation has its bound, and every version its idea, from the sources' headers. */
  @Test
  void listSaysWhatEachVersionTeaches() {
    for (Operation<?> operation : KernelOperations.all().values()) {
      assertFalse(KernelHeaders.bound(operation.name()).isEmpty(), operation.name());
      for (int rows : operation.rows()) {
        for (String version : operation.versionNames(rows)) {
          assertTrue(
              KernelHeaders.version(operation.name(), version).isPresent(),
              operation.name() + ": the header has no line for " + version);
        }
      }
    }
    List<String> out = run("list").out();
    assertTrue(
        out.contains(
            "  rowPerGroup      one row per workgroup of 128; coalesced loads,"
                + " then tree reductions in local memory"),
        out::toString);
  }

  /**
   * The demo's 65 × 192 floats: 390 warps load and store 128 bytes each, in 5 sectors, since an
   * array begins 16 bytes into its buffer; 1,561 sectors of each array are distinct.
   */
  @Test
  void explainCountsACopy() {
    Result result = run("run", "copy", "--version", "runPerGroup", "--explain");
    assertEquals(0, result.status(), result::toString);
    String table = String.join("\n", result.out()).replaceAll(" +", " ");
    assertTrue(table.contains("x load 390 49,920 1,950 62,400 80%"), table);
    assertTrue(table.contains("y store 390 49,920 1,950 62,400 80%"), table);
    assertTrue(table.contains("sectors once 99,904 bytes"), table);
  }

  @Test
  void runChecksOnTheEmulator() {
    Result result = run("run", "layernorm", "--version", "rowPerGroup");
    assertEquals(
        List.of(
            "layernorm rowPerGroup, demo, rows 1, f32: right, on the emulator (which has no"
                + " times)"),
        result.out(),
        result::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "2 | kernels: no operation copies; scripts/kernels list has all | run copies",
        "2 | kernels: --shape: no shape gpt3 | run copy --shape gpt3",
        "2 | kernels: --rows: expected 1 to 256, found 0 | run copy --rows 0",
        "2 | kernels: --dtype: expected f32, f16 or i8, found f64 | run copy --dtype f64",
        "2 | kernels: --version: copy has no version x for 1 rows; it has naive, runPerThread,"
            + " runPerGroup | run copy --version x",
        "2 | kernels: --device: expected BACKEND:DEVICE, such as opencl:0, found gpu"
            + " | run copy --device gpu",
        "1 | kernels: the emulator generates no source; install a TornadoVM SDK"
            + " (./setup-tornado.sh) | run copy --source"
      })
  void wrongUseIsOneLine(int status, String message, String args) {
    Result result = run(args.split(" "));
    assertEquals(message, result.err());
    assertEquals(status, result.status());
  }
}
