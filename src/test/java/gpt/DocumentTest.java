package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The documents' blocks and links, and the rules by which {@link DocumentsIT} compares output. */
class DocumentTest {
  @TempDir Path folder;

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    List<Document> all = new ArrayList<>(Document.all());
    for (String path :
        List.of(
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "THIRD-PARTY.md",
            "kernels/README.md",
            "kernels/gpt/kernels/README.md",
            "kernels/gpt/kernels/generated-choosing.md",
            "kernels/gpt/kernels/generated-products.md",
            "kernels/gpt/kernels/generated-rows.md",
            "kernels/gpt/kernels/ladder-rows.md",
            "benchmarks/README.md",
            "weights/README.md")) {
      all.add(Document.read(Path.of(path)));
    }
    List<String> broken = new ArrayList<>();
    for (Document document : all) {
      broken.addAll(document.brokenLinks());
    }
    assertTrue(broken.isEmpty(), () -> "\n" + String.join("\n", broken));
  }

  @Test
  void everyBlockIsInItsPlace() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Document document : Document.all()) {
      wrong.addAll(document.wrongBlocks());
    }
    assertTrue(wrong.isEmpty(), () -> "\n" + String.join("\n", wrong));
  }

  @Test
  void theReadmeShowsTheProgramThatTheBuildRuns() throws IOException {
    Document readme = Document.read(Path.of("README.md"));
    String source = "<!-- src/it/library/src/main/java/example/FiveLines.java -->";
    assertTrue(
        readme.blocks().stream().anyMatch(b -> b.above().equals(source) && b.lines().size() >= 5));
  }

  @Test
  void outputIsTheTextBlockDirectlyBelowTheCommands() throws IOException {
    Document document =
        document(
            "```sh",
            "gpt a",
            "gpt b # needs a GPU",
            "```",
            "",
            "```sh",
            "gpt c",
            "```",
            "",
            "```text",
            "C",
            "```",
            "",
            "```sh",
            "./mvnw verify",
            "```",
            "Then",
            "```text",
            "D",
            "```");
    List<Document.Example> examples = document.examples();
    assertEquals(
        List.of("gpt a", "gpt c", ""), examples.stream().map(Document.Example::script).toList());
    assertEquals(List.of("gpt b # needs a GPU"), examples.get(0).omitted());
    assertEquals("needs a GPU", Document.reason("gpt b # needs a GPU"));
    assertEquals(List.of("C"), examples.get(1).output().lines());
    assertFalse(examples.get(2).runs());
    assertEquals(
        List.of(document.path() + ":18: expected an sh block directly above this text block"),
        document.wrongBlocks());
  }

  @Test
  void outputOfWhatRunsOnlyPartlyIsRefused() throws IOException {
    Document document =
        document("```sh", "gpt a", "gpt b # needs a GPU", "```", "```text", "A", "```");
    assertEquals(1, document.wrongBlocks().size(), document.wrongBlocks()::toString);
  }

  @Test
  void commandsThatWouldNotBeRunSilentlyAreRefused() throws IOException {
    assertEquals(1, document("```shell", "gpt a", "```").wrongBlocks().size());
    assertEquals(List.of(), document("```sh", "gpt a # needs a GPU", "```").wrongBlocks());
  }

  @Test
  void javaIsComparedWithTheFileThatIsNamed() throws IOException {
    String source = "<!-- src/it/library/src/main/java/example/FiveLines.java -->";
    String line = "Completion completion = gpt.complete(\"JULIET:\");";
    assertEquals(List.of(), document(source, "", "```java", line, "```").wrongBlocks());
    assertEquals(
        1,
        document(source, "```java", line.replace("JULIET", "ROMEO"), "```").wrongBlocks().size());
    assertEquals(
        1, document(source.replace("Five", "Six"), "```java", line, "```").wrongBlocks().size());
  }

  @Test
  void brokenLinksAreFound() throws IOException {
    Files.writeString(folder.resolve("other.md"), "# Loss and `perplexity`\n\n## A\n\n## A\n");
    Document document =
        document(
            "# The page, again!",
            "[a](other.md) [b](other.md#loss-and-perplexity) [c](#the-page-again)"
                + " [d](other.md#a-1)",
            "[e](https://example.org/x#y) `[f](no.md)`",
            "```sh",
            "[g](no.md)",
            "```",
            "[h](none.md) ![i](none.png)",
            "[j](other.md#perplexity)",
            "<img src=\"gone.png\"> [k](#page)",
            "[l]: lost.md");
    assertEquals(
        List.of(
            "7: none.md: no such file",
            "7: none.png: no such file",
            "8: other.md#perplexity: no such heading",
            "9: #page: no such heading",
            "9: gone.png: no such file",
            "10: lost.md: no such file"),
        document.brokenLinks().stream()
            .map(b -> b.substring(document.path().toString().length() + 1))
            .toList());
  }

  @Test
  void textIdsAndTablesAreComparedExactly() {
    assertTrue(Transcript.matches(List.of("e  43  9.233"), List.of("e  43  9.233  ", "")));
    assertFalse(Transcript.matches(List.of("e  43  9.233"), List.of("e  43  9.234")));
    assertFalse(Transcript.matches(List.of("e", "f"), List.of("e")));
    assertFalse(Transcript.matches(List.of("e"), List.of("e", "f")));
    assertFalse(Transcript.matches(List.of("10.9 MB"), List.of("10.8 MB")));
  }

  @Test
  void timesAndSpeedsAreComparedByTheirShape() {
    String speed = "prompt 6 tokens, 115 tokens/s; first token after 0.05 s";
    assertTrue(
        Transcript.matches(
            List.of(speed), List.of("prompt 6 tokens, 1,203.5 tokens/s; first token after 2 s")));
    assertFalse(Transcript.matches(List.of(speed), List.of(speed.replace("6", "7"))));
    assertFalse(Transcript.matches(List.of(speed), List.of(speed.replace("0.05 s", "NaN s"))));
    String json = "{\"seed\":1337,\"load_s\":0.2,\"decode_tokens_per_s\":36.5E1}";
    assertTrue(
        Transcript.matches(
            List.of(json), List.of("{\"seed\":1337,\"load_s\":1,\"decode_tokens_per_s\":null}")));
    assertFalse(Transcript.matches(List.of(json), List.of(json.replace("1337", "1338"))));
  }

  @Test
  void measuredColumnsOfABenchmarkAreComparedByTheirShape() {
    List<String> table =
        List.of(
            "| model |   size | test |              t/s |",
            "| ----- | -----: | ---: | ---------------: |",
            "| demo  | 1.9 MB | pp32 | 16864.15 ± 22.95 |");
    List<String> faster =
        List.of(
            "| model |   size | test |            t/s |",
            "| ----- | -----: | ---: | -------------: |",
            "| demo  | 1.9 MB | pp32 | 20000.1 ± 1.25 |");
    assertTrue(Transcript.matches(table, faster));
    for (String other : List.of("1.9:1.8", "pp32:pp64", "20000.1 ± 1.25:-")) {
      String[] change = other.split(":");
      List<String> changed =
          faster.stream().map(line -> line.replace(change[0], change[1])).toList();
      assertFalse(Transcript.matches(table, changed), other);
    }
  }

  @Test
  void aGapStandsForAnyNumberOfLines() {
    List<String> shown = List.of("a", "…", "d");
    assertTrue(Transcript.matches(shown, List.of("a", "d")));
    assertTrue(Transcript.matches(shown, List.of("a", "d", "c", "d")));
    assertFalse(Transcript.matches(shown, List.of("a", "b", "c")));
    assertFalse(Transcript.matches(shown, List.of("b", "d")));
    assertEquals(
        List.of("A", "…", "D"), Transcript.rewritten(shown, List.of("A", "B", "C", "D", "")));
    assertEquals(List.of("A", "B"), Transcript.rewritten(List.of("a"), List.of("A", "B")));
  }

  @Test
  void aDifferenceIsShownSideBySide() {
    assertEquals(
        """
          the document | the command
          a            | a
        ! b            | B
        !              | b2
          c            | c
        """,
        Transcript.sideBySide(List.of("a", "b", "c"), List.of("a", "B", "b2", "c"))
            .replace(System.lineSeparator(), "\n"));
  }

  private Document document(String... lines) {
    return new Document(folder.resolve("page.md"), List.of(lines));
  }
}
