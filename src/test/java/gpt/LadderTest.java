package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.Document.Example;
import gpt.kernels.KernelCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The ladder's Java is that of the sources, and its counts are those of {@code scripts/kernels}.
 */
class LadderTest {
  private static final String COMMAND = "scripts/kernels ";

  /** A step, its command without {@code run}, bytes, sectors, barriers, FLOPs. */
  private static final Pattern ROW =
      Pattern.compile(
          "\\| [^|]+ \\| `([^`]+)` \\| ([\\d,]+) \\| ([\\d,]+) \\| (\\d+) \\| ([\\d,]+) \\|.*");

  private static List<Document> ladder() throws IOException {
    Path folder = Path.of("kernels/gpt/kernels");
    return List.of(
        Document.read(folder.resolve("README.md")),
        Document.read(folder.resolve("ladder-rows.md")));
  }

  @Test
  void itsJavaIsInTheSources() throws IOException {
    for (Document page : ladder()) {
      assertEquals(List.of(), page.wrongBlocks());
      for (Document.Block block : page.blocks()) {
        if (block.language().equals("java")) {
          assertTrue(block.above().startsWith("<!-- kernels/"), page.path() + ":" + block.line());
        }
      }
    }
  }

  @Test
  void itsCommandsPrintWhatItShows() throws IOException {
    List<Example> examples = ladder().stream().flatMap(page -> page.examples().stream()).toList();
    assertTrue(examples.size() >= 2);
    for (Example example : examples) {
      List<String> printed = new ArrayList<>();
      for (String command : example.script().lines().toList()) {
        assertTrue(command.startsWith(COMMAND), command);
        printed.addAll(run(command.substring(COMMAND.length())));
      }
      List<String> shown = example.output().lines();
      assertTrue(
          Transcript.matches(shown, printed),
          () -> example.script() + "\n" + Transcript.sideBySide(shown, printed));
    }
  }

  /** Those of lm_head and of LayerNorm for one row; the others' take longer than a build should. */
  @Test
  void itsTablesAreCounted() throws IOException {
    int checked = 0;
    for (Document page : ladder()) {
      for (String line : Files.readAllLines(page.path())) {
        Matcher row = ROW.matcher(line);
        if (!row.matches()
            || !row.group(1).matches("(lm-head|layernorm) .*")
            || row.group(1).contains("--rows")) {
          continue;
        }
        List<String> table = run("run " + row.group(1) + " --explain");
        List<String> all = cells(table, "all ");
        assertEquals(
            List.of(row.group(2), row.group(3), row.group(4), row.group(5)),
            List.of(
                all.get(2),
                all.get(3),
                cells(table, "barriers ").get(1),
                cells(table, "FLOPs ").get(1).replaceAll(",$", "")),
            row.group(1));
        checked++;
      }
    }
    assertEquals(9, checked);
  }

  private static List<String> cells(List<String> table, String first) {
    String line = table.stream().filter(l -> l.startsWith(first)).findFirst().orElseThrow();
    return List.of(line.split(" +"));
  }

  private static List<String> run(String command) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertEquals(
        0, KernelCommand.run(new PrintStream(out), System.err, command.split(" ")), command);
    return out.toString().lines().toList();
  }
}
