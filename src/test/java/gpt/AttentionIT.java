package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.cli.CommandLines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code gpt attention}. */
class AttentionIT {
  @TempDir Path folder;

  private static Program attention(String... args) {
    List<String> all = new ArrayList<>(List.of("attention", "-q"));
    all.addAll(List.of(args));
    return Program.gpt(all.toArray(String[]::new));
  }

  private static JsonObject json(String... args) {
    List<String> all = new ArrayList<>(List.of("--json"));
    all.addAll(List.of(args));
    Program.Result run = attention(all.toArray(String[]::new)).run().succeeded();
    assertEquals(List.of(), run.notes());
    return JsonParser.parseString(run.out()).getAsJsonObject();
  }

  @Test
  void thePictureOnATerminal() {
    Program.Result run =
        attention("--prompt", "ROMEO:", "--layer", "2", "--head", "1").run().succeeded();
    List<String> lines = run.out().lines().toList();
    assertEquals("Attention of layer 2, head 1: rows are queries, columns are keys", lines.get(0));
    assertEquals("     0 1 2 3 4 5   strongest", lines.get(3));
    assertTrue(lines.get(4).matches("0 R  ██ +1\\.00 0 R"), run::toString);
    assertTrue(lines.get(9).startsWith("5 :  "), run::toString);
    assertEquals(10, lines.size(), run::toString);
    assertFalse(run.out().contains("\u001B"));
    String coloured = attention("--prompt", "RO", "--color", "always").run().succeeded().out();
    assertTrue(coloured.contains("\u001B[48;5;"), coloured);
  }

  @Test
  void jsonAndCsvHaveTheSameWeights() {
    String[] head = {"--prompt", "To be, \n", "--layer", "3", "--head", "5"};
    JsonObject json = json(head);
    assertEquals(3, json.get("layer").getAsInt());
    assertEquals(5, json.get("head").getAsInt());
    JsonArray tokens = json.getAsJsonArray("tokens");
    assertEquals(8, tokens.size());
    assertEquals("\\n", tokens.get(7).getAsJsonObject().get("token").getAsString());
    assertEquals(0, tokens.get(7).getAsJsonObject().get("id").getAsInt());
    StringBuilder csv = new StringBuilder("query,query_token,key,key_token,weight\n");
    JsonArray rows = json.getAsJsonArray("weights");
    for (int i = 0; i < rows.size(); i++) {
      JsonArray row = rows.get(i).getAsJsonArray();
      assertEquals(i + 1, row.size());
      double sum = 0;
      for (int k = 0; k <= i; k++) {
        sum += row.get(k).getAsDouble();
        csv.append(
            "%d,%s,%d,%s,%s%n"
                .formatted(i, name(tokens, i), k, name(tokens, k), row.get(k).getAsString()));
      }
      assertEquals(1, sum, 1e-5);
    }
    String[] args = Arrays.copyOf(head, head.length + 1);
    args[head.length] = "--csv";
    assertEquals(csv.toString(), attention(args).run().succeeded().out());
  }

  private static String name(JsonArray tokens, int i) {
    String name = tokens.get(i).getAsJsonObject().get("token").getAsString();
    return name.contains(",") ? '"' + name + '"' : name;
  }

  @Test
  void theReferenceHasTheSameWeights() {
    JsonArray fast = json("-p", "ROMEO:", "--layer", "5").getAsJsonArray("weights");
    JsonArray plain =
        json("-p", "ROMEO:", "--layer", "5", "--device", "reference").getAsJsonArray("weights");
    for (int i = 0; i < 6; i++) {
      for (int k = 0; k <= i; k++) {
        assertEquals(
            plain.get(i).getAsJsonArray().get(k).getAsDouble(),
            fast.get(i).getAsJsonArray().get(k).getAsDouble(),
            1e-5);
      }
    }
  }

  @Test
  void aModelWithoutATokenizerShowsIds() {
    JsonObject json =
        json("--model", "src/test/resources/golden/model-0-hf", "--prompt-ids", "7,0,96");
    JsonArray tokens = json.getAsJsonArray("tokens");
    assertEquals("96", tokens.get(2).getAsJsonObject().get("token").getAsString());
  }

  @Test
  void aLongPromptIsCroppedAsGenerateDoes() {
    Program.Result run =
        Program.gpt("attention", "--device", "cpu", "-p", "ab".repeat(150), "--json").run();
    assertEquals(
        256,
        JsonParser.parseString(run.succeeded().out())
            .getAsJsonObject()
            .getAsJsonArray("tokens")
            .size());
    assertTrue(run.err().contains("300 tokens and the context holds 256"), run::toString);
    String text = attention("-p", "ab".repeat(150)).run().succeeded().out();
    assertTrue(text.contains("The picture begins with column "), text.substring(0, 300));
    assertTrue(text.lines().allMatch(line -> line.length() <= 80), text.substring(0, 300));
  }

  /** With any DISPLAY: no screen is needed. */
  @Test
  void picturesInEveryFormat() throws Exception {
    for (String format : List.of("svg", "png", "html")) {
      Path file = folder.resolve("a." + format);
      Program.Result run =
          attention("-p", "To be or not", "--plot", file.toString())
              .environment("DISPLAY", "nonsense:7")
              .run()
              .succeeded();
      assertEquals("", run.out());
      assertEquals(List.of(), run.notes());
      assertTrue(Files.size(file) > 3000, format);
    }
    assertTrue(Files.readString(folder.resolve("a.svg")).contains(">A model of 6 layers"));
    assertTrue(ImageIO.read(folder.resolve("a.png").toFile()).getWidth() > 500);
    assertTrue(Files.readString(folder.resolve("a.html")).contains("\"labels\":[\"T\",\"o\","));
    String json =
        attention("-p", "To", "--json", "--plot", folder.resolve("a.svg").toString())
            .run()
            .succeeded()
            .out();
    assertTrue(json.startsWith("{\"layer\":0,\"head\":0,"), json);
  }

  /** One run has what a run for each head has. */
  @Test
  void allHeadsInOneRun() throws Exception {
    JsonArray heads = json("-p", "RO", "--layer", "all", "--head", "all").getAsJsonArray("heads");
    assertEquals(36, heads.size());
    JsonObject one = json("-p", "RO", "--layer", "4", "--head", "3");
    JsonObject same = heads.get(4 * 6 + 3).getAsJsonObject();
    assertEquals(one.get("weights"), same.get("weights"));
    assertEquals(4, same.get("layer").getAsInt());
    double sum = 0;
    double max = 0;
    for (int head = 0; head < 6; head++) {
      JsonArray weights = heads.get(4 * 6 + head).getAsJsonObject().getAsJsonArray("weights");
      double weight = weights.get(1).getAsJsonArray().get(0).getAsDouble();
      sum += weight;
      max = Math.max(max, weight);
    }
    for (String over : List.of("mean", "max")) {
      JsonArray rows = json("-p", "RO", "--layer", "4", "--head", over).getAsJsonArray("weights");
      double found = rows.get(1).getAsJsonArray().get(0).getAsDouble();
      assertEquals(over.equals("max") ? max : sum / 6, found, 1e-6);
    }
    Path file = folder.resolve("all.svg");
    attention("-p", "ROMEO", "--layer", "all", "--head", "all", "--plot", file.toString())
        .run()
        .succeeded();
    assertTrue(Files.readString(file).contains("in layer 5 head 5."));
    attention("-p", "a".repeat(65), "--head", "all", "--plot", file.toString())
        .run()
        .failed(1, "at most 64 tokens, and the prompt has 65");
  }

  @Test
  void aPictureHasALimitAndAPageHasNone() {
    String prompt = "a".repeat(101);
    String svg = folder.resolve("a.svg").toString();
    attention("-p", prompt, "--plot", svg).run().failed(1, "100 tokens", "101", ".html");
    assertFalse(Files.exists(Path.of(svg)));
    attention("-p", prompt, "--plot", folder.resolve("a.html").toString()).run().succeeded();
  }

  /** Runs in a mount namespace in which the font folders are empty. */
  @Test
  void withoutFontsThereIsOneLineAndAPage() {
    String[] unshare = {"unshare", "-rm"};
    boolean possible = false;
    try {
      possible = Program.of("true").under(unshare).run().status() == 0;
    } catch (RuntimeException e) {
      // No such command.
    }
    assumeTrue(possible, "unshare -rm is not possible here, which takes the fonts away");
    String command =
        """
        for d in /usr/share/fonts /usr/local/share/fonts "$HOME/.fonts"; do
          [ ! -d "$d" ] || mount -t tmpfs none "$d" || exit 9
        done
        exec scripts/gpt attention -q -p ROMEO --plot "$1"
        """;
    for (String format : List.of("svg", "png")) {
      Path file = folder.resolve("none." + format);
      Program.of("sh", "-c", command, "sh", file.toString())
          .under(unshare)
          .run()
          .failed(1, "this system has no fonts", ".html");
      assertFalse(Files.exists(file));
    }
    Path page = folder.resolve("none.html");
    Program.of("sh", "-c", command, "sh", page.toString()).under(unshare).run().succeeded();
    assertTrue(Files.exists(page));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--layer 1                  | --prompt: give the text",
        "-p a --layer 6             | --layer: this model's layers go from 0 to 5, found 6",
        "-p a --layer -1            | found -1",
        "-p a --head 6              | --head: this model's heads go from 0 to 5, found 6",
        "-p a --layer x             | --layer: expected a number, all, found 'x'",
        "-p a --head min            | --head: expected a number, all or mean or max, found 'min'",
        "-p a --json --csv          | only one of",
        "-p a --plot a.jpg          | must end in .svg, .png or .html",
        "-p a --device emulator     | never store attention's weights; use cpu or reference",
        "-p a --device reference --dtype f16 | computes from the stored weights"
      })
  void aWrongCommandLine(String line, String part) {
    List<String> args = List.of(("attention " + line).split(" +"));
    CommandLines.failed(2, args, part, "gpt attention --help");
  }

  @Test
  void tornadoVmsDevicesAreRefused() {
    for (String device : List.of("tornado", "gpu", "tornado:opencl:0")) {
      Program.jar("attention", "-p", "a", "--device", device)
          .run()
          .failed(2, "--device " + device.replaceFirst(":.*", ""), "use cpu or reference");
    }
    Program.gpt("attention", "-p", "a", "--plot", folder + "/no/a.svg")
        .run()
        .failed(1, "there is no folder");
  }
}
