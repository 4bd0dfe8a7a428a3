package gpt.batch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.GptException;
import gpt.generate.SchedulerListener;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.model.Kernels;
import gpt.model.Precision;
import gpt.server.api.ServedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Batches of the demo model. */
@Timeout(120)
class BatchTest {
  private static ServedModel model;

  @TempDir Path folder;

  @BeforeAll
  static void load() {
    DeviceChoice choice =
        new DeviceChoice(Device.of(Device.Kind.CPU), Precision.F32, 2, Kernels.AUTO, false);
    model =
        new ServedModel(
            "demo",
            () ->
                LoadedModel.load(
                    ModelLocator.locate(ModelLocator.DEMO, false),
                    Optional.empty(),
                    choice,
                    DeviceChoice.Use.LOGITS,
                    (tokenizer, config) -> new int[0],
                    fraction -> {}),
            4,
            loaded -> Optional.empty(),
            Optional.empty(),
            SchedulerListener.NONE);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private Path input(String... lines) throws IOException {
    return Files.write(folder.resolve("in.jsonl"), List.of(lines));
  }

  private Batch.Totals run(Path in, Path out, long seed, boolean ordered) throws IOException {
    try (BatchInput input = BatchInput.of(in);
        Answers answers = AnswerFile.open(out)) {
      return Batch.run(model, 4, seed, ordered, input, answers, (fraction, totals) -> {});
    }
  }

  private List<JsonObject> answers(Path in, boolean ordered) throws IOException {
    Path out = Files.createTempFile(folder, "out", ".jsonl");
    run(in, out, 1, ordered);
    return Files.readAllLines(out).stream()
        .map(line -> JsonParser.parseString(line).getAsJsonObject())
        .toList();
  }

  private static JsonObject body(JsonObject answer) {
    return answer.getAsJsonObject("response").getAsJsonObject("body");
  }

  private static String text(JsonObject answer) {
    return body(answer)
        .getAsJsonArray("choices")
        .get(0)
        .getAsJsonObject()
        .get("text")
        .getAsString();
  }

  private static String error(JsonObject answer) {
    return answer.getAsJsonObject("error").get("message").getAsString();
  }

  @Test
  void seedsAreThoseThatOthersCanComputeToo() {
    // printf 1337:1 | sha256sum, the first 53 bits
    assertEquals(8254610810147657L, Seeds.of(1337, "1"));
    assertEquals(Seeds.of(1337, "1"), Seeds.of(1337, "1"));
    assertTrue(Seeds.of(-5, "\u00e9") >= 0);
  }

  @Test
  void bothFormsOfARequestAndTheirIds() throws IOException {
    List<JsonObject> answers =
        answers(
            input(
                "{\"prompt\":\"ROMEO:\",\"max_tokens\":6}",
                "",
                "{\"body\":{\"prompt\":\"ROMEO:\",\"max_tokens\":6},\"custom_id\":\"1\\u00e9\","
                    + "\"method\":\"POST\",\"url\":\"/v1/completions\"}",
                "{\"prompt\":\"ROMEO:\",\"max_tokens\":6,\"seed\":5,\"custom_id\":\"b\"}\r"),
            true);
    assertEquals("batch_req_1", answers.get(0).get("id").getAsString());
    assertEquals("1", answers.get(0).get("custom_id").getAsString());
    assertEquals("batch_req_3", answers.get(1).get("id").getAsString());
    assertEquals("1\u00e9", answers.get(1).get("custom_id").getAsString());
    assertEquals(Seeds.of(1, "1"), body(answers.get(0)).get("seed").getAsLong());
    assertEquals(Seeds.of(1, "1\u00e9"), body(answers.get(1)).get("seed").getAsLong());
    assertEquals(5, body(answers.get(2)).get("seed").getAsLong());
    assertEquals(3, new HashSet<>(answers.stream().map(BatchTest::text).toList()).size());
    assertTrue(answers.stream().allMatch(answer -> answer.get("error").isJsonNull()));
    assertEquals(200, answers.get(0).getAsJsonObject("response").get("status_code").getAsInt());
  }

  @Test
  void aWrongLineIsAnErrorWithItsIdAndTheOthersAreAnswered() throws IOException {
    Path in =
        input(
            "nonsense",
            "{\"prompt\":\"A\",\"max_tokens\":1,\"custom_id\":\"a\"}",
            "{\"prompt\":\"A\",\"custom_id\":\"a\"}",
            "{\"custom_id\":\"c\",\"prompt\":\"A\",\"temprature\":1}",
            "{\"custom_id\":\"d\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{}}",
            "{\"custom_id\":\"e\",\"prompt\":\"A\",\"stream\":true}",
            "{\"custom_id\":\"f\",\"prompt\":\"A\",\"model\":\"gpt2\"}",
            "{\"custom_id\":\"g\",\"prompt\":\"\u00c4\"}",
            "{\"custom_id\":7,\"prompt\":\"A\"}",
            "{\"custom_id\":\"2\",\"body\":null}");
    List<JsonObject> answers = answers(in, true);
    List<String> expected =
        List.of(
            "1: the body must be one JSON object",
            "a: null",
            "a: custom_id: an earlier line has it too",
            "c: there is no option 'temprature'",
            "d: url must be /v1/completions in a batch",
            "e: stream: a batch has no streams",
            "f: the model here is 'demo', not 'gpt2'",
            "g: prompt: the model has no token for",
            "9: custom_id must be a string, found a number",
            "2: body is null");
    for (int i = 0; i < expected.size(); i++) {
      JsonObject each = answers.get(i);
      String found =
          each.get("custom_id").getAsString()
              + ": "
              + (each.get("error").isJsonNull() ? null : error(each));
      assertTrue(found.startsWith(expected.get(i)), found);
    }
    Path out = folder.resolve("out.jsonl");
    assertEquals(new Batch.Totals(10, 9, 1), run(in, out, 1, true));
    assertEquals(new Batch.Totals(10, 9, 0), run(in, out, 1, true), "nothing is left to do");
  }

  @Test
  void promptsAreScored() throws IOException {
    JsonObject scores =
        body(answers(
                    input("{\"prompt\":\"To\",\"echo\":true,\"logprobs\":0,\"max_tokens\":0}"),
                    true)
                .getFirst())
            .getAsJsonArray("choices")
            .get(0)
            .getAsJsonObject()
            .getAsJsonObject("logprobs");
    assertEquals(2, scores.getAsJsonArray("token_logprobs").size());
    assertTrue(scores.getAsJsonArray("token_logprobs").get(1).getAsDouble() < 0);
  }

  /** Wherever the file of answers is cut, the rest is the same; so is each answer, in any order. */
  @Test
  void answersDependOnTheirRequestsOnly() throws IOException {
    String[] lines = new String[12];
    for (int i = 0; i < lines.length; i++) {
      lines[i] = "{\"prompt\":\"KING\",\"custom_id\":\"k" + i + "\",\"max_tokens\":" + i + "}";
    }
    Path in = input(lines);
    Path out = folder.resolve("out.jsonl");
    run(in, out, 1, true);
    byte[] whole = Files.readAllBytes(out);
    for (int length : new int[] {1, whole.length / 2, whole.length - 1}) {
      Files.write(out, Arrays.copyOf(whole, length));
      run(in, out, 1, true);
      assertEquals(new String(whole, UTF_8), Files.readString(out), "cut at " + length);
    }
    assertEquals(
        new HashSet<>(Files.readAllLines(out).stream().map(JsonParser::parseString).toList()),
        new HashSet<>(answers(in, false)));
    Path compressed = folder.resolve("in.jsonl.gz");
    try (GZIPOutputStream gzip = new GZIPOutputStream(Files.newOutputStream(compressed))) {
      gzip.write(Files.readAllBytes(in));
    }
    assertEquals(12, run(compressed, out, 1, true).answers());
    assertEquals(0, run(compressed, out, 1, true).tokens(), "the same lines");
    String error = assertThrows(GptException.class, () -> run(in, out, 2, true)).getMessage();
    assertTrue(error.contains("another request, --seed or --model"), error);
    Path fewer = input(Arrays.copyOf(lines, 5));
    error = assertThrows(GptException.class, () -> run(fewer, out, 1, true)).getMessage();
    assertTrue(error.contains("7 to lines that the input does not have"), error);
  }
}
