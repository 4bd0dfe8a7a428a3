package gpt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Generating text with the demo and with small models, as a user does. */
class GenerateIT {
  private static final String[] SHORT = {"--prompt", "ROMEO:", "--max-new-tokens", "20"};

  @TempDir Path folder;

  private static JsonObject json(String line) {
    return JsonParser.parseString(line).getAsJsonObject();
  }

  private static String[] with(String[] start, String... more) {
    return Stream.of(start, more).flatMap(Stream::of).toArray(String[]::new);
  }

  @Test
  void theDefaultCommandGeneratesWithTheDemo() {
    Program.Result short1 = Program.gpt(SHORT).run().succeeded();
    assertTrue(short1.out().startsWith("ROMEO:"), short1::toString);
    // One character a token, and the line's end.
    assertEquals("ROMEO:".length() + 20 + 1, short1.out().length(), short1::toString);
    assertTrue(short1.out().endsWith("\n"), short1::toString);
    assertTrue(
        short1
            .notes()
            .getLast()
            .matches(
                "prompt 6 tokens, [0-9.]+ tokens/s; decode 19 tokens, [0-9.]+ tokens/s; first token"
                    + " after [0-9.]+ s"),
        short1::toString);

    Program.Result named = Program.gpt(with(new String[] {"generate"}, SHORT)).run().succeeded();
    assertEquals(short1.out(), named.out());
    // sample.py's seed is the default, and the plain reference draws the same text.
    Program.Result seeded = Program.gpt(with(SHORT, "--seed", "1337")).run().succeeded();
    assertEquals(short1.out(), seeded.out());
    Program.Result reference = Program.gpt(with(SHORT, "--device", "reference")).run().succeeded();
    assertEquals(short1.out(), reference.out());
    Program.Result other = Program.gpt(with(SHORT, "--seed", "-1")).run().succeeded();
    assertNotEquals(short1.out(), other.out());
  }

  @Test
  void aPlainJarGivesTheSameText() {
    Program.Result script = Program.gpt(SHORT).run().succeeded();
    Program.Result jar = Program.jar(SHORT).directory(folder).run().succeeded();
    assertEquals(script.out(), jar.out());
    // With the Vector API: else a third note would say why not.
    assertEquals(2, jar.notes().size(), jar::toString);
    assertTrue(jar.notes().get(0).startsWith("gpt: running on the CPU ("), jar::toString);
    assertTrue(jar.notes().get(1).startsWith("prompt "), jar::toString);
  }

  /** Greedy takes the most likely token, so its log-probability is the first of the list. */
  @Test
  void jsonHasLogProbabilities() {
    String[] args = {"--prompt", "KING", "-n", "4", "--greedy", "--json", "--logprobs", "3"};
    JsonObject line = json(Program.gpt(args).run().succeeded().out());
    JsonArray all = line.getAsJsonArray("logprobs");
    assertEquals(4, all.size());
    for (int i = 0; i < 4; i++) {
      JsonObject each = all.get(i).getAsJsonObject();
      assertEquals(line.getAsJsonArray("ids").get(i), each.get("id"));
      JsonArray top = each.getAsJsonArray("top");
      assertEquals(3, top.size());
      JsonObject first = top.get(0).getAsJsonObject();
      assertEquals(each.get("id"), first.get("id"));
      assertEquals(each.get("logprob"), first.get("logprob"));
      double second = top.get(1).getAsJsonObject().get("logprob").getAsDouble();
      assertTrue(second <= first.get("logprob").getAsDouble() && second < 0, line::toString);
    }
  }

  @Test
  void beamSearchPrintsTheBestCompletions() {
    String[] line = {"--prompt", "KING", "-n", "12", "--beams", "3", "--num-return", "2"};
    List<JsonObject> found =
        Program.gpt(with(line, "--json"))
            .run()
            .succeeded()
            .out()
            .lines()
            .map(GenerateIT::json)
            .toList();
    assertEquals(2, found.size());
    assertTrue(found.get(0).get("score").getAsDouble() > found.get(1).get("score").getAsDouble());
    Program.Result text = Program.gpt(line).run().succeeded();
    assertEquals(
        found.stream()
            .map(o -> "KING" + o.get("text").getAsString() + "\n")
            .collect(Collectors.joining("---------------\n")),
        text.out());
    String[] plain = {"--prompt", "KING", "-n", "40"};
    assertEquals(
        Program.gpt(with(plain, "--greedy")).run().succeeded().out(),
        Program.gpt(with(plain, "--beams", "1", "--seed", "7")).run().succeeded().out());
  }

  @Test
  void jsonHasAllFields() {
    Program.Result run =
        Program.gpt("--prompt", "KING", "-n", "8", "--num-samples", "2", "--json", "--seed", "7")
            .run()
            .succeeded();
    List<String> lines = run.out().lines().toList();
    assertEquals(2, lines.size(), run::toString);
    for (int sample = 0; sample < 2; sample++) {
      JsonObject line = json(lines.get(sample));
      assertEquals(
          Set.of(
              "prompt_ids",
              "ids",
              "text",
              "stop_reason",
              "seed",
              "sample",
              "device",
              "dtype",
              "timings"),
          line.keySet());
      assertEquals(4, line.getAsJsonArray("prompt_ids").size());
      assertEquals(8, line.getAsJsonArray("ids").size());
      assertEquals(8, line.get("text").getAsString().length());
      assertEquals("length", line.get("stop_reason").getAsString());
      assertEquals(7, line.get("seed").getAsLong());
      assertEquals(sample, line.get("sample").getAsInt());
      assertEquals("cpu", line.get("device").getAsString());
      assertEquals("f32", line.get("dtype").getAsString());
      JsonObject timings = line.getAsJsonObject("timings");
      assertEquals(
          Set.of("load_s", "time_to_first_token_s", "prefill_tokens_per_s", "decode_tokens_per_s"),
          timings.keySet());
      assertTrue(timings.get("load_s").getAsDouble() > 0);
      assertTrue(timings.get("decode_tokens_per_s").getAsDouble() > 0);
    }
    assertNotEquals(json(lines.get(0)).get("text"), json(lines.get(1)).get("text"), run::toString);
  }

  @Test
  void completionsAreSeparatedAsInSamplePy() {
    String[] args = {"--prompt", "KING", "-n", "8", "--seed", "7", "--quiet"};
    Program.Result text = Program.gpt(with(args, "--num-samples", "2")).run().succeeded();
    Program.Result json = Program.gpt(with(args, "--num-samples", "2", "--json")).run().succeeded();
    List<String> texts =
        json.out().lines().map(l -> "KING" + json(l).get("text").getAsString()).toList();
    assertEquals(texts.get(0) + "\n---------------\n" + texts.get(1) + "\n", text.out());
    assertEquals(List.of(), text.notes());
  }

  @Test
  void thePromptComesFromAFileOrStandardInput() throws Exception {
    String prompt = "First:\nthe \"prompt\" $HOME\n".replace("\"", "'").replace("$", "&");
    Path file = Files.writeString(folder.resolve("prompt file.txt"), prompt);
    String[] few = {"-n", "5", "-q"};
    String expected = Program.gpt(with(few, "--prompt", prompt)).run().succeeded().out();
    assertTrue(expected.startsWith(prompt), expected);
    assertEquals(
        expected, Program.gpt(with(few, "--prompt", "-")).input(prompt).run().succeeded().out());
    assertEquals(
        expected, Program.gpt(with(few, "--prompt-file", file.toString())).run().succeeded().out());
    assertEquals(
        expected, Program.gpt(with(few, "--prompt", "FILE:" + file)).run().succeeded().out());
    // Without one it is sample.py's, a newline; a plain jar reads standard input as well.
    assertEquals(
        Program.gpt(few).run().succeeded().out(),
        Program.jar(with(few, "--prompt", "-")).input("\n").run().succeeded().out());
  }

  @Test
  void aModelWithoutATokenizerPrintsIds() {
    String model = "src/test/resources/golden/model-0-hf";
    String[] args = {"--model", model, "--prompt-ids", "5, 17,3", "-n", "4", "-q"};
    Program.Result text = Program.gpt(args).run().succeeded();
    JsonObject json = json(Program.gpt(with(args, "--json")).run().succeeded().out());
    assertTrue(json.get("text").isJsonNull());
    JsonArray ids = json.getAsJsonArray("ids");
    StringBuilder expected = new StringBuilder("5 17 3");
    ids.forEach(id -> expected.append(' ').append(id.getAsInt()));
    assertEquals(expected + "\n", text.out());
  }

  @Test
  void aGreedyContinuationIsNanoGptsOwn() throws Exception {
    Path golden = Path.of("src/test/resources/golden/model-0-nanogpt");
    JsonObject first =
        json(Files.readString(golden.resolve("golden.json")))
            .getAsJsonArray("cases")
            .get(0)
            .getAsJsonObject();
    int[] prompt = ints(first.getAsJsonArray("ids"));
    int[] both = ints(first.getAsJsonArray("greedy")); // longer than the context of 32
    int[] expected = Arrays.copyOfRange(both, prompt.length, both.length);
    String list = Arrays.stream(prompt).mapToObj(String::valueOf).collect(Collectors.joining(","));
    Program.Result run =
        Program.gpt(
                "--model",
                golden.toString(),
                "--prompt-ids",
                list,
                "--temperature",
                "0",
                "--max-new-tokens",
                String.valueOf(expected.length),
                "--json")
            .run()
            .succeeded();
    assertArrayEquals(expected, ints(json(run.out()).getAsJsonArray("ids")), run::toString);
  }

  private static int[] ints(JsonArray array) {
    return array.asList().stream().mapToInt(e -> e.getAsInt()).toArray();
  }

  @Test
  void textEndsAtAStopStringAndAFullContext() {
    Program.Result stopped =
        Program.gpt("--prompt", "ROMEO:", "--stop", "Zq", "--stop", " ", "--json")
            .run()
            .succeeded();
    JsonObject line = json(stopped.out());
    assertEquals("stop", line.get("stop_reason").getAsString());
    assertFalse(line.get("text").getAsString().contains(" "), stopped::toString);

    // 250 of 256 tokens: six more fit, and the full context predicts a seventh.
    Program.Result full =
        Program.gpt("--prompt", "a".repeat(250), "--on-full", "stop", "--json").run().succeeded();
    assertEquals("context_full", json(full.out()).get("stop_reason").getAsString());
    assertEquals(7, json(full.out()).getAsJsonArray("ids").size());
    assertTrue(full.err().contains("context of 256 tokens is full"), full::toString);

    Program.Result slid = Program.gpt("--prompt", "a".repeat(250), "-n", "10").run().succeeded();
    assertEquals(261, slid.out().length(), slid::toString);
    assertTrue(slid.err().contains("context of 256 tokens was full"), slid::toString);

    // The note comes before the text if the number of tokens is the default.
    Program.Result ahead =
        Program.gpt("--prompt", "a".repeat(250), "--stop", "e").run().succeeded();
    assertTrue(ahead.err().contains("default of 500 new tokens goes beyond"), ahead::toString);
    assertFalse(slid.err().contains("default of"), slid::toString);

    Program.Result cropped = Program.gpt("--prompt", "a".repeat(300), "-n", "2").run().succeeded();
    assertEquals(303, cropped.out().length(), cropped::toString);
    assertTrue(cropped.err().contains("300 tokens"), cropped::toString);
  }

  @Test
  void eachSamplingOptionChangesTheText() {
    String[] args = {"--prompt", "ROMEO:", "-n", "60", "--json", "-q"};
    String zero = text(with(args, "--temperature", "0"));
    assertEquals(zero, text(with(args, "--greedy")));
    assertEquals(zero, text(with(args, "--greedy", "-t", "0", "--top-p", "0.3")));
    assertEquals(zero, text(with(args, "--top-p", "1e-9")));
    assertEquals(zero, text(with(args, "--min-p", "1.0")));
    // Each changes the text that comes without it.
    String plain = text(args);
    for (String option :
        List.of(
            "--top-k 2",
            "--top-p 0.5",
            "--min-p 0.5",
            "--typical-p 0.2",
            "--repetition-penalty 3",
            "--frequency-penalty 1",
            "--presence-penalty -2.5",
            "--logit-bias 50=10")) {
      assertNotEquals(plain, text(with(args, option.split(" "))), option);
    }
    // No line end, no space, and no character twice.
    String[] banned = {"--logit-bias", "0=-inf", "--logit-bias", "1=-inf"};
    String solid = text(with(with(args, banned), "--presence-penalty", "100"));
    assertTrue(solid.matches("[^\\n ]{60}"), solid);
    assertEquals(60, solid.chars().distinct().count(), solid);
  }

  private static String text(String... args) {
    return json(Program.gpt(args).run().succeeded().out()).get("text").getAsString();
  }

  @Test
  void outputIsUtf8WhateverTheLocale() {
    // The error quotes the character that came through the arguments.
    for (Program program :
        List.of(Program.gpt("--prompt", "naïve 東"), Program.jar("--prompt", "naïve 東"))) {
      program.environment("LC_ALL", "C").environment("LANG", null).run().failed(1, "'ï'");
    }
  }
}
