package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.Document.Example;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs every command of README.md and of the documents in src/site/markdown, in order, and compares
 * what it prints with what the document shows.
 *
 * <p>{@link Document} says which blocks are commands and output, {@link Transcript} how they are
 * compared. With {@code -Dgpt.documents=rewrite} the output replaces text blocks that differ, and
 * the pictures in src/site/images are replaced.
 */
class DocumentsIT {
  private static final boolean REWRITE = "rewrite".equals(System.getProperty("gpt.documents"));
  private static final Path IMAGES = Path.of("src/site/images");

  static List<Document> documents() throws IOException {
    return Document.all();
  }

  @Test
  void theReadmeHasCommandsAndTheBuild() throws IOException {
    Document readme = Document.read(Path.of("README.md"));
    List<String> all =
        readme.examples().stream().flatMap(e -> e.commands().lines().stream()).toList();
    assertEquals(
        List.of("./mvnw verify"), all.stream().filter(c -> c.startsWith("./mvnw")).toList());
    assertTrue(readme.examples().stream().filter(Example::runs).count() >= 3, all::toString);
  }

  @ParameterizedTest
  @MethodSource("documents")
  void printsWhatItShows(Document document) throws IOException {
    List<String> wrong = new ArrayList<>();
    List<String> lines = new ArrayList<>(document.lines());
    List<Result> results = new ArrayList<>();
    for (Example example : document.examples()) {
      results.add(run(document, example));
    }
    // From the last, so that rewriting a block does not move the blocks that are still to be
    // rewritten.
    for (Result result : results.reversed()) {
      if (result.problem() == null) {
        continue;
      }
      List<String> better = result.better();
      if (REWRITE && better != null) {
        Document.Block output = result.example().output();
        List<String> old = lines.subList(output.line(), output.end() - 1);
        old.clear();
        old.addAll(better);
        System.out.println("documents: rewritten: " + document.path() + ":" + output.line());
      } else {
        wrong.addFirst(result.problem());
      }
    }
    if (REWRITE) {
      Files.write(document.path(), lines);
    }
    assertTrue(wrong.isEmpty(), () -> "\n" + String.join("\n", wrong));
  }

  /**
   * The result of running a block's commands.
   *
   * @param problem the difference to the document; null if there is none
   * @param better what the document should show; null if unknown
   */
  private record Result(Example example, String problem, List<String> better) {}

  private static Result run(Document document, Example example) {
    String where = document.path() + ":" + example.commands().line() + ": ";
    for (String command : example.omitted()) {
      System.out.println(
          "documents: not run: %s%s (%s)"
              .formatted(where, command.split(" +# needs ")[0], Document.reason(command)));
    }
    if (!example.runs()) {
      return new Result(example, null, null);
    }
    Program.Result result =
        Program.of("bash", "-e", "-o", "pipefail", "-c", example.script())
            .environment(
                "PATH",
                Path.of(System.getProperty("java.home"), "bin") + ":" + System.getenv("PATH"))
            .environment(
                "HF_HUB_CACHE", Path.of("target/documents/hub").toAbsolutePath().toString())
            .environment("HF_HUB_OFFLINE", "1")
            .environment(
                "TORNADOVM_HOME", Path.of("target/documents/no-sdk").toAbsolutePath().toString())
            .environment("JDK_JAVA_OPTIONS", null)
            .environment("JAVA_TOOL_OPTIONS", null)
            .merged()
            .run();
    List<String> printed = result.out().lines().toList();
    if (result.status() != 0) {
      return new Result(
          example,
          where + "status " + result.status() + "\n" + example.script() + "\n" + result.out(),
          null);
    }
    if (example.output() == null || Transcript.matches(example.output().lines(), printed)) {
      return new Result(example, null, null);
    }
    List<String> expected = example.output().lines();
    return new Result(
        example,
        where + example.script() + "\n" + Transcript.sideBySide(expected, printed),
        Transcript.rewritten(expected, printed));
  }

  /**
   * Replaces the pictures in rewrite mode, once all commands have run: with target/NAME.png, or
   * with a browser's screenshot of target/NAME.html.
   */
  @AfterAll
  static void replacePictures() throws IOException {
    if (!REWRITE) {
      return;
    }
    try (Stream<Path> pictures = Files.list(IMAGES)) {
      for (Path picture : pictures.toList()) {
        Path made = Path.of("target").resolve(picture.getFileName());
        Path page = Path.of(made.toString().replace(".png", ".html"));
        if (Files.exists(made)) {
          Files.write(picture, Files.readAllBytes(made));
        } else if (Files.exists(page)) {
          Program.of(
                  "chromium",
                  "--headless",
                  "--no-sandbox",
                  "--hide-scrollbars",
                  "--window-size=1180,1205",
                  "--screenshot=" + picture.toAbsolutePath(),
                  page.toUri().toString())
              .run()
              .succeeded();
        }
      }
    }
  }
}
