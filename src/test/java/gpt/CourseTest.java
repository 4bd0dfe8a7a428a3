package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jshell.JShell;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import org.junit.jupiter.api.Test;

/** {@code scripts/course.jsh} in JShell, in this JVM. */
class CourseTest {
  @Test
  void everyLineRuns() throws IOException {
    PrintStream out = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed));
    try (JShell shell = JShell.builder().executionEngine("local").build()) {
      shell.addToClasspath(System.getProperty("java.class.path"));
      evaluate(shell, "import java.util.*;");
      String rest = Files.readString(Path.of("scripts", "course.jsh"));
      while (!rest.isBlank()) {
        CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
        assertTrue(next.completeness().isComplete(), rest);
        evaluate(shell, next.source());
        rest = next.remaining();
      }
      evaluate(shell, "gpt.close();");
    } finally {
      System.setOut(out);
    }
    List<String> lines = printed.toString().lines().toList();
    assertTrue(
        lines.contains("halves of 1, 3 and 2, 0: 1.135 + e^(2 - 3) * 1.135 = 1.553"),
        lines::toString);
    assertTrue(lines.contains("1 lanes add: [36, 20, 10, 12, 5, 6, 7, 8]"), lines::toString);
    assertTrue(lines.contains("variance 3.5: one pass 0.0, two passes 3.5"), lines::toString);
    assertTrue(lines.contains("online sum of 1, 3, 2, 0: 1.553"), lines::toString);
    assertTrue(lines.contains("the largest logit: id 10, ':'"), lines::toString);
  }

  private static void evaluate(JShell shell, String source) {
    for (SnippetEvent event : shell.eval(source)) {
      List<String> wrong = shell.diagnostics(event.snippet()).map(d -> d.getMessage(null)).toList();
      assertEquals(List.of(), wrong, source);
      assertEquals(null, event.exception(), () -> source + ": " + event.exception());
    }
  }
}
