package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.Document.Example;
import gpt.kernels.KernelCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The ladder's Java is that of the sources, and its counts are those of {@code scripts/kernels}.
 */
class LadderTest {
  private static final String COMMAND = "scripts/kernels ";

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
    assertTrue(examples.size() >= 5);
    for (Example example : examples) {
      List<String> printed = new ArrayList<>();
      for (String command : example.script().lines().toList()) {
        assertTrue(command.startsWith(COMMAND), command);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String[] args = command.substring(COMMAND.length()).split(" ");
        assertEquals(0, KernelCommand.run(new PrintStream(out), System.err, args), command);
        printed.addAll(out.toString().lines().toList());
      }
      List<String> shown = example.output().lines();
      assertTrue(
          Transcript.matches(shown, printed),
          () -> example.script() + "\n" + Transcript.sideBySide(shown, printed));
    }
  }
}
