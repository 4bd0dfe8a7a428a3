package example;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the programs as a user does, with and without the Vector API. */
class ProgramsTest {
  private static final String VECTOR = "--add-modules=jdk.incubator.vector";

  /** The comment in a program's source that precedes a line of its output. */
  private static final String PRINTED = "// → ";

  /** The class path: the program, the library, the libraries that it needs, and the demo. */
  private static final List<String> JARS =
      List.of("classes", "error_prone_annotations", "gpt", "gpt-demo", "gson", "jtokkit", "pickle");

  /** The prefixes of the test libraries' jars. */
  private static final List<String> TEST_JARS =
      List.of("junit", "opentest4j", "apiguardian", "jspecify");

  @TempDir Path temp;

  private record Run(String out, String err) {
    /** Number of lines of standard error that contain a word. */
    long notes(String word) {
      return err.lines().filter(l -> l.contains(word)).count();
    }
  }

  private static List<Path> classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .map(Path::of)
        .filter(p -> !p.endsWith("test-classes"))
        .filter(p -> TEST_JARS.stream().noneMatch(p.getFileName().toString()::startsWith))
        .toList();
  }

  /** In an empty folder, so that the model can only come from the class path. */
  private Run run(String program, String... options) throws IOException, InterruptedException {
    Path out = temp.resolve("out");
    Path err = temp.resolve("err");
    String path =
        classPath().stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    ProcessBuilder process =
        new ProcessBuilder(
            Stream.of(
                    Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                    Stream.of(options),
                    Stream.of("-cp", path, "example." + program))
                .flatMap(words -> words)
                .toList());
    process.directory(Files.createDirectories(temp.resolve("empty")).toFile());
    process.environment().put("XDG_CACHE_HOME", temp.resolve("cache").toString());
    for (String name : List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS")) {
      process.environment().remove(name);
    }
    process.redirectOutput(out.toFile()).redirectError(err.toFile());
    int status = process.start().waitFor();
    Run run = new Run(Files.readString(out, UTF_8), Files.readString(err, UTF_8));
    assertEquals(0, status, run::toString);
    return run;
  }

  @Test
  void theClassPathHasOnlyWhatTheLibraryNeeds() {
    List<String> names =
        classPath().stream()
            .map(
                p -> p.getFileName().toString().replaceAll("-\\d[\\d.]*\\d(-SNAPSHOT)?|\\.jar", ""))
            .sorted()
            .toList();
    assertEquals(JARS, names);
  }

  @Test
  void runsWithAndWithoutTheVectorApi() throws Exception {
    Run fast = run("FiveLines", VECTOR);
    assertTrue(fast.out().length() > 60, fast::toString);
    assertEquals(0, fast.notes("slower"), fast::toString);
    assertTrue(Files.isDirectory(temp.resolve("cache/gpt/weights")));
    Run slow = run("FiveLines");
    assertEquals(fast.out(), slow.out());
    assertEquals(1, slow.notes("slower"), slow::toString);
    assertEquals(1, slow.notes("--add-modules jdk.incubator.vector"), slow::toString);
    assertFalse(slow.err().contains("Exception"), slow::toString);
  }

  @Test
  void theTourPrintsWhatItsCommentsSay() throws Exception {
    List<String> expected =
        Files.readAllLines(Path.of("src/main/java/example/Tour.java")).stream()
            .map(String::strip)
            .filter(line -> line.startsWith(PRINTED))
            .map(line -> line.substring(PRINTED.length()))
            .toList();
    assertEquals(expected, run("Tour", VECTOR).out().lines().toList());
  }
}
