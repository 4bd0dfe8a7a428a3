package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.cli.CommandLines;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code gpt loss}, as a user runs it. */
class LossIT {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");
  private static final String TEXT = GOLDEN.resolve("demo-validation.txt").toString();

  /** nanoGPT's mean loss of the 40 windows of that text. */
  private static final double MEAN = 1.4032576948;

  private static final double TOLERANCE = 1e-4;

  private static final String HEADER =
      "id,token,loss,probability,rank,other_id,other_token,other_probability\n";

  @TempDir Path folder;

  private static JsonObject json(String... args) {
    Program.Result run = Program.gpt(with(args, "--json")).run().succeeded();
    assertEquals(1, run.out().lines().count(), run::toString);
    return JsonParser.parseString(run.out()).getAsJsonObject();
  }

  private static String[] with(String[] start, String... more) {
    return Stream.of(start, more).flatMap(Stream::of).toArray(String[]::new);
  }

  private static double number(JsonObject object, String name) {
    return object.get(name).getAsDouble();
  }

  @Test
  void theDemosLossIsNanoGpts() {
    JsonObject json = json("loss", TEXT);
    assertEquals(
        Set.of(
            "tokens",
            "loss_nats",
            "loss_bits",
            "perplexity",
            "bits_per_byte",
            "windows",
            "stride",
            "context",
            "device",
            "dtype",
            "timings"),
        json.keySet());
    assertEquals(10_240, json.get("tokens").getAsInt());
    assertEquals(MEAN, number(json, "loss_nats"), TOLERANCE);
    assertEquals(MEAN / Math.log(2), number(json, "loss_bits"), TOLERANCE);
    assertEquals(number(json, "loss_bits"), number(json, "bits_per_byte"), 1e-12); // all ASCII
    assertEquals(Math.exp(number(json, "loss_nats")), number(json, "perplexity"), 1e-12);
    assertEquals(40, json.get("windows").getAsInt());
    assertEquals(256, json.get("stride").getAsInt());
    assertEquals(256, json.get("context").getAsInt());
    assertEquals("cpu", json.get("device").getAsString());
    assertEquals("f32", json.get("dtype").getAsString());
    assertEquals(
        Set.of("load_s", "loss_s", "tokens_per_s"), json.getAsJsonObject("timings").keySet());

    Program.Result text = Program.jar("loss", TEXT).run().succeeded();
    assertEquals(
        """
        tokens      10,240, all but the first
        windows     40 of 256 tokens, stride 256
        loss        1.40326 nats, 2.02447 bits a token
        perplexity  4.06843
        bytes       10,240, 2.02447 bits a byte
        """,
        text.out());
    assertEquals(2, text.notes().size(), text::toString);
    assertTrue(text.notes().get(1).matches("10240 tokens, [0-9.]+ tokens/s"), text::toString);
  }

  @Test
  void aSmallerStrideGivesTokensMoreContext() throws Exception {
    String text = Files.readString(Path.of(TEXT)).substring(0, 600);
    Path file = Files.writeString(folder.resolve("some text.txt"), text);
    JsonObject plain = json("loss", file.toString());
    assertEquals(3, plain.get("windows").getAsInt());
    JsonObject strided = json("loss", "--stride", "100", file.toString());
    assertEquals(599, strided.get("tokens").getAsInt());
    assertEquals(1 + 4, strided.get("windows").getAsInt());
    assertEquals(100, strided.get("stride").getAsInt());
    assertTrue(number(strided, "loss_nats") < number(plain, "loss_nats") - 0.01);
    // The same text from standard input.
    Program.Result input = Program.gpt("loss", "-", "--json", "-q").input(text).run().succeeded();
    assertEquals(List.of(), input.notes());
    JsonObject read = JsonParser.parseString(input.out()).getAsJsonObject();
    assertEquals(plain.get("loss_nats"), read.get("loss_nats"));
  }

  @Test
  void eachTokenIsPrintedWithItsLoss() {
    String text = "Go, 'to'\nbed";
    String[] args = {"loss", "-", "--per-token"};
    Program.Result csv = Program.gpt(args).input(text).run().succeeded();
    Program.Result json = Program.gpt(with(args, "--json")).input(text).run().succeeded();
    JsonObject object = JsonParser.parseString(json.out()).getAsJsonObject();
    JsonArray each = object.getAsJsonArray("per_token");
    assertEquals(text.length(), each.size());
    StringBuilder lines = new StringBuilder(HEADER);
    double sum = 0;
    for (int i = 0; i < each.size(); i++) {
      JsonObject token = each.get(i).getAsJsonObject();
      String character = text.substring(i, i + 1);
      assertEquals(character, token.get("token").getAsString());
      assertEquals(i == 0, token.get("loss").isJsonNull());
      sum += i == 0 ? 0 : number(token, "loss");
      boolean quotes = Set.of(",", "\n").contains(character);
      lines.append(token.get("id").getAsInt()).append(',');
      lines.append(quotes ? "\"" + character + "\"" : character);
      if (i == 0) {
        lines.append(",,,,,,\n");
        continue;
      }
      JsonObject other = token.getAsJsonObject("other");
      assertEquals(Math.exp(-number(token, "loss")), number(token, "probability"), 1e-12);
      boolean first = number(token, "probability") > number(other, "probability");
      assertEquals(first, token.get("rank").getAsInt() == 1, token::toString);
      String name = other.get("token").getAsString();
      for (String key : List.of("loss", "probability", "rank")) {
        lines.append(',').append(token.get(key).getAsString());
      }
      lines.append(',').append(other.get("id").getAsInt()).append(',');
      lines.append(Set.of(",", "\n").contains(name) ? "\"" + name + "\"" : name);
      lines.append(',').append(other.get("probability").getAsString()).append('\n');
    }
    assertEquals(number(object, "loss_nats"), sum / (text.length() - 1), 1e-9);
    assertEquals(lines.toString(), csv.out());
    // The totals are on standard error.
    assertTrue(csv.notes().contains("tokens      11, all but the first"), csv::toString);
    Program.Result quiet = Program.gpt(with(args, "-q")).input(text).run().succeeded();
    assertEquals(csv.out(), quiet.out());
    assertEquals(List.of(), quiet.notes());
  }

  /** On the CPU, and on the emulator as a CPU and as a GPU. */
  @Test
  void idsComeFromAFile() throws Exception {
    Path model = GOLDEN.resolve("model-2-hf");
    JsonObject golden =
        JsonParser.parseString(Files.readString(model.resolve("golden.json"))).getAsJsonObject();
    JsonObject full = golden.getAsJsonArray("cases").get(1).getAsJsonObject();
    List<Integer> ids = new ArrayList<>();
    full.getAsJsonArray("ids").forEach(id -> ids.add(id.getAsInt()));
    String list = ids.toString().replaceAll("[\\[\\]]", "") + "\n";
    Path text = Files.writeString(folder.resolve("ids.txt"), list);
    ByteBuffer shorts = ByteBuffer.allocate(2 * ids.size()).order(ByteOrder.LITTLE_ENDIAN);
    ids.forEach(id -> shorts.putShort(id.shortValue()));
    Path bin = Files.write(folder.resolve("val.bin"), shorts.array());
    for (String file : List.of(text.toString(), bin.toString())) {
      JsonObject json = json("loss", "-m", model.toString(), "--ids-file", file);
      assertEquals(number(full, "loss"), number(json, "loss_nats"), TOLERANCE);
      assertEquals(ids.size() - 1, json.get("tokens").getAsInt());
      assertTrue(json.get("bits_per_byte").isJsonNull());
    }
    String[] args = {"loss", "-m", model.toString(), "--ids-file", "-", "--device"};
    for (String type : List.of("cpu", "gpu")) {
      Program.Result run =
          Program.gpt(with(args, "emulator", "--json"))
              .environment("JDK_JAVA_OPTIONS", "-Dgpt.emulator.type=" + type)
              .input(list)
              .run()
              .succeeded();
      JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
      assertEquals(number(full, "loss"), number(json, "loss_nats"), TOLERANCE);
    }
    Program.Result csv = Program.gpt(with(args, "cpu", "--per-token")).input("1 2").run();
    assertTrue(csv.succeeded().out().startsWith(HEADER + "1,,,,,,,\n2,,"), csv::toString);
    assertTrue(csv.notes().stream().noneMatch(l -> l.startsWith("bytes")), csv::toString);
  }

  @Test
  void onTornadoVm() throws Exception {
    Optional<Path> sdk = FakeSdk.real();
    if (sdk.isEmpty()) {
      System.out.println(FakeSdk.NO_REAL_SDK);
    }
    assumeTrue(sdk.isPresent(), FakeSdk.NO_REAL_SDK);
    Program.Result run =
        Program.gpt("loss", TEXT, "--device", "tornado", "--tornado-profile", "--json")
            .environment("TORNADOVM_HOME", sdk.get().toString())
            .run()
            .succeeded();
    JsonObject json = JsonParser.parseString(run.out()).getAsJsonObject();
    assertEquals(MEAN, number(json, "loss_nats"), TOLERANCE);
    assertTrue(json.get("device").getAsString().startsWith("tornado:"), run::toString);
    List<String> table =
        run.notes().stream().filter(l -> l.matches("\\d+ +\\d+ +\\d+\\.\\d+ .*")).toList();
    assertEquals(40, table.size(), run::toString);
    for (String line : table) {
      assertTrue(line.endsWith(" " + (4 * 256 + 16)), line); // a float per token, and a header
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "loss                                  | give a text FILE",
        "loss weights/README.md --ids-file x   | only one of FILE and --ids-file",
        "loss a b                              | unexpected argument 'b'",
        "loss weights/README.md --stride 0     | --stride: must be 1 or more, found 0",
        "loss weights/README.md --stride 257   | --stride: must be at most 256",
        "loss weights/README.md --stride half  | 'half'",
        "loss weights/README.md --prompt x     | --prompt",
        "loss x --device reference --dtype i8  | computes from the stored weights"
      })
  void aWrongCommandLine(String line, String part) {
    CommandLines.failed(2, List.of(line.split(" +")), part, "gpt loss --help");
  }

  @Test
  void aTextThatCannotBeScored() throws Exception {
    CommandLines.failed(
        1, List.of("loss", "/no/such/file"), "text file /no/such/file: no such file");
    CommandLines.failed(1, List.of("loss", folder.toString()), folder.toString(), "is a folder");
    CommandLines.failed(1, List.of("loss", "--ids-file", "nope.bin"), "ids file nope.bin: no such");
    Program.gpt("loss", "-").input("").run().failed(1, "standard input: has no tokens");
    Program.gpt("loss", "-").input("a").run().failed(1, "standard input: has 1 token");
    Program.gpt("loss", "-").input("10 € please").run().failed(1, "'1'", "character 1");
    Path latin1 = Files.write(folder.resolve("latin1.txt"), new byte[] {'a', (byte) 0xE9, 'b'});
    CommandLines.failed(1, List.of("loss", latin1.toString()), "latin1.txt", "not UTF-8", "byte 1");
    String model = GOLDEN.resolve("model-2-hf").toString();
    CommandLines.failed(1, List.of("loss", "-m", model, TEXT), "no tokenizer", "--ids-file");
    Program.gpt("loss", "--ids-file", "-").input("1 2\n3 65").run().failed(1, "line 2", "0 to 64");
    Program.gpt("loss", "--ids-file", "-").input("1 a").run().failed(1, "line 1", "found 'a'");
    Path odd = Files.write(folder.resolve("odd.bin"), new byte[5]);
    CommandLines.failed(1, List.of("loss", "--ids-file", odd.toString()), "odd number of bytes, 5");
  }
}
