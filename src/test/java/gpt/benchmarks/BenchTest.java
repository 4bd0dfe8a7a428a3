package gpt.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line and the files of {@code scripts/bench}. */
class BenchTest {
  @TempDir Path folder;

  private record Ended(int status, String err) {}

  private static Ended run(String... arguments) {
    PrintStream before = System.err;
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    System.setErr(new PrintStream(err, true, UTF_8));
    try {
      return new Ended(Bench.run(arguments), err.toString(UTF_8));
    } finally {
      System.setErr(before);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--operations layrnorm | found 'layrnorm'",
        "--operations gelu,,qkv | found ''",
        "--shapes gpt3 | found 'gpt3'",
        "--device ptx:9 --operations gelu | found 'ptx:9'",
        "--device | Missing required parameter",
        "--fast | Unknown option",
        "gelu | Unmatched argument",
        "--out pom.xml --operations gelu | expected a folder, found the file pom.xml"
      })
  void aWrongArgumentPrintsOneLine(String arguments, String part) {
    Ended ended = run(arguments.split(" "));
    assertEquals(2, ended.status, ended::err);
    assertEquals(1, ended.err.lines().count(), ended::err);
    assertTrue(ended.err.startsWith("bench: "), ended::err);
    assertTrue(ended.err.contains(part), ended::err);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"a\": | expected JSON that",
        "{} | expected results of",
        "'' | expected results of",
        "[] | expected JSON that"
      })
  void rejectsFilesWithoutResults(String content, String part) throws Exception {
    Path file = Files.writeString(folder.resolve("x.json"), content);
    Ended ended = run("--report", file.toString());
    assertEquals(1, ended.status, ended::err);
    assertEquals(1, ended.err.lines().count(), ended::err);
    assertTrue(ended.err.contains("x.json") && ended.err.contains(part), ended::err);
    assertEquals(1, run("--report", folder.resolve("none.json").toString()).status);
  }

  @Test
  void filesAreWrittenAtomically() throws Exception {
    Path file = folder.resolve("new/results.json");
    Results.write(file, new byte[] {1});
    Results.write(file, new byte[] {2, 3});
    assertEquals(2, Files.size(file));
    try (var files = Files.list(file.getParent())) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Intel(R) Xeon(R) Processor @ 2.80GHz | 2 | intel-xeon-2-cores",
        "AMD Ryzen 9 7950X 16-Core Processor | 32 | amd-ryzen-9-7950x-32-cores",
        "Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz | 12 | intel-core-i7-9750h-12-cores",
        "aarch64 | 8 | aarch64-8-cores"
      })
  void machinesHaveShortNames(String cpu, int cores, String name) {
    assertEquals(name, Conditions.name(cpu, cores, List.of()));
  }

  /** In a forked JVM, as most rows are measured. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"result | WRONG: element 3 is 4.0", "call | failed: no such device"})
  void failuresBecomeTheRowsError(String version, String error) {
    Spec spec = new Spec("AlwaysWrong", "x", "x", 1, "x", "x", version);
    Row row = new JmhRunner(new Timing(0, 1, 10)).run(spec, 0);
    assertEquals(error, row.error());
    assertEquals(0, row.wall().length);
  }

  @Test
  void rowsHaveATimeForEachIterationAndTheirWork() {
    Spec spec =
        new Spec(Plan.CPU_OPERATIONS, Operations.LAYER_NORM, "demo", 1, "f32", "cpu", "plain");
    Row row = new JmhRunner(new Timing(0, 2, 10)).run(spec, 0);
    assertNull(row.error());
    assertEquals(2, row.wall().length);
    assertTrue(row.wall()[0] > 0);
    assertNull(row.device());
    assertEquals(16 * 192, row.bytes());
    assertEquals(8 * 192, row.flops());
  }
}
