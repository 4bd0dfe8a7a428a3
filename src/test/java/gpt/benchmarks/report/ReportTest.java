package gpt.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.benchmarks.Results;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

/** The page and the charts of a report. */
class ReportTest {
  private static final String SMALL =
      """
      {"conditions": {"machine": "abacus-2-cores", "date": "2026-02-03T04:05Z", "cpu": "Abacus",
       "cores": 2, "memory": 16000000000, "os": "Linux", "java": "25", "vector": "512-bit",
       "tornado": "5.2.0", "devices": ["ptx:0 Beads (Wood, GPU)"], "commit": "abc",
       "loadBefore": 0.5, "loadAfter": 1.25, "settings": "--quick"},
      "complete": true,
      "probes": [
      {"device": "cpu", "firstRow": 0, "copy": 20e9, "read": 25e9, "peak": 100e9},
      {"device": "cpu", "firstRow": 2, "copy": 10e9, "read": 15e9, "peak": 100e9},
      {"device": "ptx:0", "firstRow": 2, "copy": 1000e9, "read": 0, "peak": 20000e9},
      {"device": "cpu", "firstRow": 7, "copy": 30e9, "read": 35e9, "peak": 300e9},
      {"device": "ptx:0", "firstRow": 7, "copy": 3000e9, "read": 0, "peak": 20000e9}],
      "rows": [
      {"spec": {"question": "CpuOperations", "operation": "gelu", "shape": "gpt2", "rows": 1, "dtype": "f32", "device": "cpu", "version": "plain"}, "wall": [5e6, 4e6, 6e6], "bytes": 6000000, "flops": 3000000},
      {"spec": {"question": "CpuOperations", "operation": "gelu", "shape": "gpt2", "rows": 1, "dtype": "f32", "device": "cpu", "version": "vector"}, "wall": [1e6, 1e6, 1e6], "bytes": 6000000, "flops": 3000000},
      {"spec": {"question": "KernelVersions", "operation": "gelu", "shape": "gpt2", "rows": 1, "dtype": "f32", "device": "ptx:0", "version": "naive"}, "wall": [3e5], "device": [2e5], "bytes": 6000000, "flops": 3000000},
      {"spec": {"question": "KernelVersions", "operation": "gelu", "shape": "gpt2", "rows": 1, "dtype": "f32", "device": "ptx:0", "version": "rowPerGroup"}, "wall": [3e4], "device": [1e4], "bytes": 6000000, "flops": 3000000},
      {"spec": {"question": "KernelVersions", "operation": "gelu", "shape": "gpt2", "rows": 1, "dtype": "f32", "device": "ptx:0", "version": "tiled"}, "wall": [], "bytes": 0, "flops": 0, "error": "WRONG: element 7"},
      {"spec": {"question": "DecodeStep", "operation": "decode", "shape": "gpt2", "rows": 1, "dtype": "f32", "device": "ptx:0", "version": "graphs"}, "wall": [2e6], "device": [1e6], "bytes": 500000000, "flops": 250000000},
      {"spec": {"question": "KernelVersions", "operation": "tally", "shape": "demo", "rows": 1, "dtype": "f32", "device": "ptx:0", "version": "naive"}, "wall": [3e4], "device": [1e4], "bytes": 260, "flops": 0}],
      "leftOut": [{"row": "prefill gpt2-xl, 256 rows, f32, plain", "why": "one call would take about 64.0 s"}]}
      """;

  @TempDir Path folder;
  private Results results;

  @BeforeEach
  void read() throws Exception {
    results = Results.read(Files.writeString(folder.resolve("small.json"), SMALL));
  }

  private List<String> page() throws Exception {
    Report.write(results, folder, "small");
    return Files.readAllLines(folder.resolve("small.md"));
  }

  @Test
  void ratiosCompareTheSameWork() throws Exception {
    List<String> page = page();
    List<String> table = page.subList(page.indexOf("## gelu") + 2, page.indexOf("## tally") - 1);
    assertEquals(
        List.of(
            "| shape | rows | dtype | version | × plain Java | × the CPU's best | × naive |"
                + " × copy | × peak | ms | ms in kernels | GB/s | GFLOP/s |",
            "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
            // 1.2 GB/s of (20 + 10) / 2
            "| gpt2 | 1 | f32 | plain | 1.00 | 0.200 |  | 0.080 | 0.00600 | 5.00 |  | 1.20 | 0.600"
                + " |",
            "| gpt2 | 1 | f32 | vector | 5.00 | 1.00 |  | 0.400 | 0.030 | 1.00 |  | 6.00 | 3.00 |",
            // 30 GB/s of (1000 + 3000) / 2, in the kernels' time
            "| gpt2 | 1 | f32 | ptx:0 naive | 25.0 | 5.00 | 1.00 | 0.015 | 0.00075 | 0.300 | 0.200"
                + " | 30.0 | 15.0 |",
            "| gpt2 | 1 | f32 | ptx:0 rowPerGroup | 500 | 100 | 20.0 | 0.300 | 0.015 | 0.030 |"
                + " 0.010 | 600 | 300 |"),
        table);
  }

  /** For a step the time is what the caller waits. */
  @Test
  void stepsAreComparedByTheWholeTime() throws Exception {
    assertTrue(
        page()
            .contains(
                "| gpt2 | 1 | f32 | ptx:0 graphs | 0.125 | 0.00625 | 2.00 | 1.00 | 250 | 125 |"),
        () -> results.toString());
  }

  @Test
  void pageHasConditionsFailuresAndRowsLeftOut() throws Exception {
    List<String> page = page();
    for (String line :
        List.of(
            "# Benchmarks: abacus-2-cores",
            "| processor | Abacus, 2 cores |",
            "| device | ptx:0 Beads (Wood, GPU) |",
            "| load average | 0.50 before, 1.25 after |",
            "| cpu | 20.0 (10.0 to 30.0) | 25.0 (15.0 to 35.0) | 100 (100 to 300) |",
            "| gelu gpt2, 1 row, f32, ptx:0 tiled | WRONG: element 7 |",
            "| prefill gpt2-xl, 256 rows, f32, plain | one call would take about 64.0 s |")) {
      assertTrue(page.contains(line), () -> line + " is not in\n" + String.join("\n", page));
    }
  }

  /** One rectangle for the background, and one bar for each row with a time. */
  @Test
  void chartsHaveABarForEachRow() throws Exception {
    page();
    assertEquals(1 + 5, svg("small-gpt2.svg").getElementsByTagName("rect").getLength());
    assertEquals(1 + 1, svg("small-demo.svg").getElementsByTagName("rect").getLength());
    assertEquals("Speed of each version at the shape of gpt2", title(svg("small-gpt2.svg")));
  }

  /** A circle for each kind in the legend and for each row with FLOPs. */
  @Test
  void rooflinesHaveAPointForEachRow() throws Exception {
    page();
    assertEquals(2 + 2, svg("small-roofline-cpu.svg").getElementsByTagName("circle").getLength());
    assertEquals(3 + 3, svg("small-roofline-ptx-0.svg").getElementsByTagName("circle").getLength());
  }

  @Test
  void pageShowsAllCharts() throws Exception {
    String page = String.join("\n", page());
    try (var files = Files.list(folder)) {
      Set<String> names =
          files
              .map(file -> file.getFileName().toString())
              .collect(Collectors.toCollection(TreeSet::new));
      assertEquals(
          Set.of(
              "small.json",
              "small.md",
              "small-demo.svg",
              "small-gpt2.svg",
              "small-roofline-cpu.svg",
              "small-roofline-ptx-0.svg"),
          names);
      names.stream()
          .filter(name -> name.endsWith(".svg"))
          .forEach(name -> assertTrue(page.contains("](" + name + ")"), name));
    }
  }

  @Test
  void resultsRoundTripThroughTheirFile() throws Exception {
    Path copy = Files.writeString(folder.resolve("copy.json"), results.toJson());
    assertEquals(results.toJson(), Results.read(copy).toJson());
    assertEquals(results.conditions(), Results.read(copy).conditions());
  }

  private Document svg(String name) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    DocumentBuilder builder = factory.newDocumentBuilder();
    builder.setErrorHandler(null);
    return builder.parse(new ByteArrayInputStream(Files.readAllBytes(folder.resolve(name))));
  }

  private static String title(Document svg) {
    return svg.getElementsByTagName("title").item(0).getTextContent();
  }
}
