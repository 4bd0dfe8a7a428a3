package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import gpt.cli.CommandLines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code gpt next}, and {@code generate} with {@code --trace} and {@code --plot}. */
class NextIT {
  private static final String NO_TOKENIZER = "src/test/resources/golden/model-0-nanogpt";

  @TempDir Path folder;

  private static JsonObject json(String... args) {
    return JsonParser.parseString(Program.gpt(args).run().succeeded().out()).getAsJsonObject();
  }

  private static List<JsonObject> candidates(JsonObject next) {
    return StreamSupport.stream(next.getAsJsonArray("candidates").spliterator(), false)
        .map(JsonElement::getAsJsonObject)
        .toList();
  }

  private static double sum(JsonObject next, String key) {
    return candidates(next).stream().mapToDouble(c -> c.get(key).getAsDouble()).sum();
  }

  @Test
  void theWholeVocabularyAsJson() {
    JsonObject next =
        json(
            "next",
            "--prompt",
            "ROMEO:\n",
            "--top",
            "0",
            "--top-k",
            "5",
            "--top-p",
            "0.9",
            "--json");
    List<JsonObject> candidates = candidates(next);
    assertEquals(65, candidates.size());
    for (String key : List.of("probability", "temperature", "top_k", "top_p")) {
      assertEquals(1, sum(next, key), 1e-9, key);
    }
    assertEquals(5, candidates.stream().filter(c -> c.get("top_k").getAsDouble() > 0).count());
    for (int i = 1; i < 65; i++) {
      double before = candidates.get(i - 1).get("probability").getAsDouble();
      assertTrue(before >= candidates.get(i).get("probability").getAsDouble());
    }
    // Softmax of the printed logits, which are rounded to a float's shortest decimals.
    double normaliser =
        candidates.stream().mapToDouble(c -> Math.exp(c.get("logit").getAsDouble())).sum();
    JsonObject first = candidates.getFirst();
    assertEquals(
        Math.exp(first.get("logit").getAsDouble()) / normaliser,
        first.get("probability").getAsDouble(),
        1e-6);
    // generate draws the same token.
    String[] generate = {
      "--prompt",
      "ROMEO:\n",
      "--top-k",
      "5",
      "--top-p",
      "0.9",
      "-n",
      "1",
      "--json",
      "--logprobs",
      "1"
    };
    JsonObject generated = json(generate);
    JsonObject chosen = next.getAsJsonObject("chosen");
    assertEquals(generated.getAsJsonArray("ids").get(0), chosen.get("id"));
    assertEquals(generated.get("text"), chosen.get("token"));
    JsonObject logprob = generated.getAsJsonArray("logprobs").get(0).getAsJsonObject();
    assertEquals(logprob.get("logprob").getAsDouble(), chosen.get("logprob").getAsDouble(), 1e-12);
  }

  @Test
  void theTable() {
    Program.Result table =
        Program.gpt("next", "--prompt", "The sky is", "--top", "3", "--top-k", "2", "-q")
            .run()
            .succeeded();
    List<String> lines = table.out().lines().toList();
    assertTrue(lines.get(0).matches("token +id +logit +probability +temperature 0.8 +top-k 2"));
    assertTrue(lines.get(1).matches("\\S+ +[0-9]+ +[0-9.]+  0\\.[0-9]{4}  █.*"), table::toString);
    assertTrue(lines.get(3).endsWith("cut"), table::toString);
    assertTrue(lines.get(4).startsWith("62 more"), table::toString);
    assertTrue(lines.get(6).matches("random number 0\\.[0-9]{7} draws .*log-probability -.*"));
    assertEquals(List.of(), table.notes());
  }

  @Test
  void temperaturesSideBySideAsCsv() throws Exception {
    Program.Result csv =
        Program.gpt("next", "--prompt", "ROMEO:", "--temperatures", "0.1,1,10", "--csv")
            .run()
            .succeeded();
    List<NamedCsvRecord> rows;
    try (CsvReader<NamedCsvRecord> reader = CsvReader.builder().ofNamedCsvRecord(csv.out())) {
      rows = reader.stream().toList();
    }
    assertEquals(10, rows.size());
    assertEquals("\n", rows.get(0).getField("token"));
    double cold = Double.parseDouble(rows.get(0).getField("temperature_0.1"));
    double warm = Double.parseDouble(rows.get(0).getField("temperature_1"));
    double hot = Double.parseDouble(rows.get(0).getField("temperature_10"));
    assertTrue(cold > warm && warm > hot, csv::toString);
    assertEquals(Double.parseDouble(rows.get(0).getField("probability")), warm, 1e-8);
  }

  @Test
  void aModelWithoutATokenizerShowsIds() {
    JsonObject next = json("next", "--model", NO_TOKENIZER, "--prompt-ids", "5,17,3", "--json");
    assertEquals(10, candidates(next).size());
    assertTrue(candidates(next).getFirst().get("token").isJsonNull());
    Program.Result table =
        Program.gpt("next", "--model", NO_TOKENIZER, "--prompt-ids", "5,17,3").run().succeeded();
    String id = candidates(next).getFirst().get("id").getAsString();
    assertTrue(table.out().lines().toList().get(1).matches(id + " +" + id + " .*"));
  }

  @Test
  void picturesAndPages() throws Exception {
    Path svg = folder.resolve("next.svg");
    Program.gpt("next", "--temperatures", "0.5,2", "--plot", svg.toString(), "-q")
        .run()
        .succeeded();
    String drawn = Files.readString(svg);
    assertTrue(drawn.contains("<title") && drawn.contains("temperature 0.5: \\n"), drawn);
    Path several = folder.resolve("next.html");
    String[] next = {"next", "--prompt", "To be", "--temperatures", "0.5,2", "-q", "--plot"};
    Program.gpt(
            Stream.concat(Stream.of(next), Stream.of(several.toString())).toArray(String[]::new))
        .run()
        .succeeded();
    String steps = Files.readString(several);
    for (String part : List.of("\"temperature 0.5\"", "\"temperature 2\"", "\"temperature\":0.5")) {
      assertTrue(steps.contains(part), () -> "no " + part + " in " + steps);
    }
    Path png = folder.resolve("steps.PNG");
    Program.Result run =
        Program.gpt("-n", "3", "--plot", png.toString(), "--top", "4").run().succeeded();
    assertTrue(run.notes().contains("gpt: wrote " + png), run::toString);
    assertTrue(ImageIO.read(png.toFile()).getWidth() > 600);
    Path page = folder.resolve("steps.html");
    Program.gpt("--prompt", "To be", "-n", "3", "--plot", page.toString(), "-q").run().succeeded();
    String html = Files.readString(page);
    assertTrue(html.startsWith("<!doctype html>") && html.contains("\"chosen\":"), html);
    assertEquals(3, html.split("\"random\":").length - 1);
    try (var files = Files.list(folder)) {
      assertEquals(4, files.count());
    }
  }

  @Test
  void traceShowsEachStep() {
    String[] args = {"--prompt", "JULIET:", "-n", "4", "--num-samples", "2", "-q"};
    String text = Program.gpt(args).run().succeeded().out();
    Program.Result traced =
        Program.gpt(
                "--prompt",
                "JULIET:",
                "-n",
                "4",
                "--num-samples",
                "2",
                "-q",
                "--trace",
                "--top",
                "2")
            .run()
            .succeeded();
    List<String> headings =
        traced.out().lines().filter(line -> line.startsWith("sample ")).toList();
    assertEquals(8, headings.size(), traced::toString);
    assertEquals("sample 0, step 1, context 7 of 256 tokens: JULIET:", headings.get(0));
    assertTrue(
        headings.get(5).startsWith("sample 1, step 2, context 8 of 256 tokens: JULIET:"),
        traced::toString);
    for (String sample : text.split("---------------\n")) {
      assertTrue(traced.out().contains("\n\n" + sample), traced::toString);
    }
  }

  @Test
  void traceCountsCroppedTokens() {
    Program.Result traced =
        Program.gpt(
                "--model",
                "src/test/resources/golden/model-2-nanogpt",
                "--prompt-ids",
                "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
                "-n",
                "4",
                "-q",
                "--trace")
            .run()
            .succeeded();
    List<String> headings = traced.out().lines().filter(line -> line.startsWith("step ")).toList();
    assertEquals(4, headings.size(), traced::toString);
    List<String> lengths =
        List.of(
            "15 of 16 tokens: ",
            "16 of 16 tokens: ",
            "16 of 16 tokens, the first 1 cropped: ",
            "16 of 16 tokens, the first 2 cropped: ");
    for (int step = 0; step < 4; step++) {
      String expected = "step " + (step + 1) + ", context " + lengths.get(step);
      assertTrue(headings.get(step).startsWith(expected), traced::toString);
    }
  }

  @Test
  void wrongCommandLines() {
    String missing = folder.resolve("no/x.svg").toString();
    CommandLines.failed(2, List.of("next", "--top", "-1"), "--top", "0 (all) or more");
    CommandLines.failed(2, List.of("next", "--csv", "--json"), "--csv", "--json");
    CommandLines.failed(2, List.of("next", "--temperatures", "1,x"), "--temperatures", "'x'");
    CommandLines.failed(2, List.of("next", "--temperatures", "1,-1"), "--temperatures", "found -1");
    CommandLines.failed(2, List.of("next", "--temperatures", "1", "-t", "1"), "--temperature");
    CommandLines.failed(2, List.of("next", "--plot", "x.gif"), "--plot", ".svg, .png or .html");
    CommandLines.failed(1, List.of("next", "--plot", missing), "no folder");
    CommandLines.failed(1, List.of("next", "--prompt-ids", "65"), "0 to 64");
    CommandLines.failed(2, List.of("--trace", "--json"), "--trace", "--logprobs");
    CommandLines.failed(2, List.of("--top", "3"), "--top", "--trace or --plot");
    CommandLines.failed(2, List.of("--trace", "--beams", "2"), "--trace");
    assertFalse(Files.exists(Path.of("x.gif")));
  }
}
