package gpt.server.http;

import static gpt.LoadOptions.loadOptions;
import static gpt.Options.options;
import static gpt.server.http.TestServer.error;
import static gpt.server.http.TestServer.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gpt.Completion;
import gpt.Gpt;
import gpt.OnFull;
import gpt.Options;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Completions over HTTP, of one server of the demo model. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ApiServerTest extends DemoServerTest {
  private static JsonObject choice(JsonObject response, int index) {
    return response.getAsJsonArray("choices").get(index).getAsJsonObject();
  }

  private static List<Integer> ids(JsonObject choice) {
    return choice.getAsJsonArray("ids").asList().stream().map(JsonElement::getAsInt).toList();
  }

  /** The events of a stream, without the last one, which is checked. */
  private static List<JsonObject> events(HttpResponse<String> response) {
    assertEquals(200, response.statusCode(), response.body());
    List<String> lines = response.body().lines().filter(line -> !line.isEmpty()).toList();
    assertTrue(lines.stream().allMatch(line -> line.startsWith("data: ")), response.body());
    assertEquals("data: [DONE]", lines.getLast());
    return lines.subList(0, lines.size() - 1).stream()
        .map(line -> json(line.substring("data: ".length())))
        .toList();
  }

  @Test
  void aCompletionHasTheIdsOfTheLibraryAloneAndBesideOthers() throws Exception {
    int count = 8;
    Random random = new Random(18);
    List<String> bodies = new ArrayList<>();
    List<Options> options = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long seed = random.nextInt(1000);
      int topK = random.nextInt(40);
      int tokens = 20 + random.nextInt(30);
      bodies.add(
          "{\"prompt\":\"ROMEO:\",\"seed\":%d,\"top_k\":%d,\"max_tokens\":%d,\"temperature\":0.9}"
              .formatted(seed, topK, tokens));
      options.add(
          options()
              .seed(seed)
              .topK(topK)
              .temperature(0.9)
              .maxNewTokens(tokens)
              .onFull(OnFull.STOP));
    }
    List<JsonObject> responses = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<JsonObject>> running = new ArrayList<>();
      bodies.forEach(body -> running.add(threads.submit(() -> server.complete(body))));
      for (Future<JsonObject> each : running) {
        responses.add(each.get());
      }
    }
    try (Gpt gpt = Gpt.load("shakespeare-char", loadOptions().device("cpu").threads(2))) {
      for (int i = 0; i < count; i++) {
        Completion expected = gpt.complete("ROMEO:", options.get(i));
        assertEquals(expected.ids(), ids(choice(responses.get(i), 0)), bodies.get(i));
        assertEquals(expected.text(), choice(responses.get(i), 0).get("text").getAsString());
      }
    }
  }

  @Test
  void theResponseHasOpenAisForm() {
    JsonObject response =
        server.complete(
            "{\"model\":\"shakespeare-char\",\"prompt\":\"ROMEO:\",\"max_tokens\":3,\"seed\":1}");
    assertEquals(
        List.of(
            "id", "object", "created", "model", "system_fingerprint", "seed", "choices", "usage"),
        List.copyOf(response.keySet()));
    assertEquals("text_completion", response.get("object").getAsString());
    assertEquals(1, response.get("seed").getAsLong());
    JsonObject choice = choice(response, 0);
    assertEquals("length", choice.get("finish_reason").getAsString());
    assertTrue(choice.get("logprobs").isJsonNull());
    JsonObject usage = response.getAsJsonObject("usage");
    assertEquals(6, usage.get("prompt_tokens").getAsInt());
    assertEquals(3, usage.get("completion_tokens").getAsInt());
    assertEquals(9, usage.get("total_tokens").getAsInt());
  }

  @Test
  void choiceIsSampleOfTheSeedForEachPrompt() {
    JsonObject several =
        server.complete("{\"prompt\":[\"A\",[30]],\"n\":2,\"max_tokens\":8,\"seed\":7}");
    JsonObject other = server.complete("{\"prompt_ids\":[30],\"n\":2,\"max_tokens\":8,\"seed\":7}");
    assertEquals(4, several.getAsJsonArray("choices").size());
    for (int i = 0; i < 2; i++) {
      assertEquals(2 + i, choice(several, 2 + i).get("index").getAsInt());
      assertEquals(ids(choice(other, i)), ids(choice(several, 2 + i)));
    }
    assertNotEquals(ids(choice(other, 0)), ids(choice(other, 1)));
  }

  @Test
  void theDrawnSeedRepeatsACompletion() {
    JsonObject first = server.complete("{\"prompt\":\"A\"}");
    JsonObject again =
        server.complete("{\"prompt\":\"A\",\"seed\":" + first.get("seed").getAsLong() + "}");
    assertEquals(ids(choice(first, 0)), ids(choice(again, 0)));
    assertEquals(16, ids(choice(first, 0)).size());
  }

  @Test
  void aStreamAddsUpToTheWholeResponse() {
    String options =
        "\"prompt\":\"ROMEO:\",\"n\":2,\"max_tokens\":12,\"seed\":3,\"logprobs\":1,\"echo\":true";
    JsonObject whole = server.complete("{" + options + "}");
    List<JsonObject> events =
        events(
            server.post(
                "/v1/completions",
                "{" + options + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}"));
    assertEquals(whole.get("usage"), events.getLast().get("usage"));
    assertTrue(events.getLast().getAsJsonArray("choices").isEmpty());
    for (int i = 0; i < 2; i++) {
      StringBuilder text = new StringBuilder();
      List<Integer> ids = new ArrayList<>();
      JsonArray tokens = new JsonArray();
      JsonArray offsets = new JsonArray();
      String finish = null;
      for (JsonObject event : events.subList(0, events.size() - 1)) {
        assertTrue(event.get("usage").isJsonNull());
        JsonObject choice = choice(event, 0);
        if (choice.get("index").getAsInt() == i) {
          assertEquals(null, finish);
          text.append(choice.get("text").getAsString());
          ids.addAll(ids(choice));
          tokens.addAll(choice.getAsJsonObject("logprobs").getAsJsonArray("tokens"));
          offsets.addAll(choice.getAsJsonObject("logprobs").getAsJsonArray("text_offset"));
          JsonElement reason = choice.get("finish_reason");
          finish = reason.isJsonNull() ? null : reason.getAsString();
        }
      }
      JsonObject expected = choice(whole, i);
      assertEquals(expected.get("text").getAsString(), text.toString());
      assertEquals(ids(expected), ids);
      assertEquals(expected.getAsJsonObject("logprobs").get("tokens"), tokens);
      assertEquals(expected.getAsJsonObject("logprobs").get("text_offset"), offsets);
      assertEquals("length", finish);
    }
  }

  @Test
  void echoScoresAText() {
    JsonObject choice =
        choice(
            server.complete(
                "{\"prompt\":\"ROMEO:\",\"max_tokens\":0,\"echo\":true,\"logprobs\":1}"),
            0);
    assertEquals("ROMEO:", choice.get("text").getAsString());
    JsonArray scores = choice.getAsJsonObject("logprobs").getAsJsonArray("token_logprobs");
    assertTrue(scores.get(0).isJsonNull());
    double[] losses;
    try (Gpt gpt = Gpt.load("shakespeare-char", loadOptions().device("cpu").threads(2))) {
      losses = gpt.loss("ROMEO:").losses();
    }
    for (int i = 1; i < losses.length; i++) {
      assertEquals(-losses[i], scores.get(i).getAsDouble(), 1e-5);
    }
    JsonArray top = choice.getAsJsonObject("logprobs").getAsJsonArray("top_logprobs");
    assertTrue(top.get(5).getAsJsonObject().has(":"), "the likeliest token, and the text's");
  }

  @Test
  void aStopStringIsInNoPart() {
    JsonObject free = server.complete("{\"prompt\":\"ROMEO:\",\"max_tokens\":40,\"seed\":5}");
    String text = choice(free, 0).get("text").getAsString();
    String stop = text.substring(10, 13);
    int end = text.indexOf(stop);
    JsonObject choice =
        choice(
            server.complete(
                "{\"prompt\":\"ROMEO:\",\"max_tokens\":40,\"seed\":5,\"logprobs\":0,\"stop\":"
                    + new com.google.gson.Gson().toJson(stop)
                    + "}"),
            0);
    assertEquals(text.substring(0, end), choice.get("text").getAsString());
    assertEquals("stop", choice.get("finish_reason").getAsString());
    JsonObject logprobs = choice.getAsJsonObject("logprobs");
    assertEquals(end, logprobs.getAsJsonArray("tokens").size());
    assertEquals(6, logprobs.getAsJsonArray("text_offset").get(0).getAsInt());
    assertTrue(logprobs.get("top_logprobs").isJsonNull());
  }

  @Test
  void bestOfReturnsTheLikeliest() {
    String options = "\"prompt\":\"ROMEO:\",\"max_tokens\":10,\"seed\":2,\"logprobs\":0";
    JsonObject all = server.complete("{" + options + ",\"n\":4}");
    JsonObject best = server.complete("{" + options + ",\"n\":1,\"best_of\":4}");
    double[] means =
        IntStream.range(0, 4)
            .mapToDouble(
                i ->
                    choice(all, i)
                        .getAsJsonObject("logprobs")
                        .getAsJsonArray("token_logprobs")
                        .asList()
                        .stream()
                        .mapToDouble(JsonElement::getAsDouble)
                        .average()
                        .orElseThrow())
            .toArray();
    int likeliest = IntStream.range(0, 4).reduce((a, b) -> means[b] > means[a] ? b : a).getAsInt();
    assertEquals(ids(choice(all, likeliest)), ids(choice(best, 0)));
    assertEquals(
        40, best.getAsJsonObject("usage").get("completion_tokens").getAsInt(), "all are counted");
  }

  @Test
  void aCompletionEndsWhereTheContextIsFull() {
    JsonObject response = server.complete("{\"prompt\":\"A\",\"max_tokens\":1000,\"top_k\":1}");
    assertEquals(256, response.getAsJsonObject("usage").get("completion_tokens").getAsInt());
    assertEquals("length", choice(response, 0).get("finish_reason").getAsString());
  }

  /** The body, the option, the code and a part of the message. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      nullValues = "-",
      value = {
        "400 | {\"prompt\":\"\"}               | prompt | - | prompt is empty",
        "400 | {\"prompt\":[[]]}               | prompt | - | prompt is empty",
        "400 | {\"prompt\":[65]}               | prompt | - | ids are 0 to 64, found 65",
        "400 | {\"prompt\":\"\u00e9\"}         | prompt | - | prompt: ",
        "400 | {\"prompt\":\"A\",\"logit_bias\":{\"65\":1}} | logit_bias | - | found 65",
        "404 | {\"prompt\":\"A\",\"model\":\"x\"} | model | model_not_found | shakespeare-char",
        "400 | {\"prompt\":\"A\",\"x\":1}      | x | - | no option 'x'"
      })
  void aWrongRequest(int status, String body, String param, String code, String part) {
    JsonObject error = error(status, server.post("/v1/completions", body));
    assertEquals(param, error.get("param").getAsString());
    assertEquals(code, error.get("code").isJsonNull() ? null : error.get("code").getAsString());
    assertTrue(error.get("message").getAsString().contains(part), error::toString);
  }

  @Test
  void aPromptLongerThanTheContext() {
    for (int length : List.of(257, 60_000)) {
      JsonObject error =
          error(400, server.post("/v1/completions", "{\"prompt\":\"" + "A".repeat(length) + "\"}"));
      assertEquals("context_length_exceeded", error.get("code").getAsString());
    }
  }

  @Test
  void aBaseModelHasNoChat() {
    JsonObject error =
        error(
            400,
            server.post(
                "/v1/chat/completions", "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"));
    assertEquals("not_a_chat_model", error.get("code").getAsString());
  }

  @Test
  void tokensOfATextAndBack() {
    JsonObject tokens = json(server.post("/tokenize", "{\"prompt\":\"ROMEO:\"}").body());
    assertEquals("[30,27,25,17,27,10]", tokens.get("tokens").toString());
    assertEquals(256, tokens.get("max_model_len").getAsInt());
    String back = server.post("/detokenize", "{\"tokens\":[30,27]}").body();
    assertEquals("RO", json(back).get("prompt").getAsString());
    assertEquals("tokens", error(400, server.post("/detokenize", "{}")).get("param").getAsString());
  }

  @Test
  void modelsHealthMetricsAndPage() {
    JsonArray models = json(server.get("/v1/models").body()).getAsJsonArray("data");
    assertEquals("shakespeare-char", models.get(0).getAsJsonObject().get("id").getAsString());
    assertEquals(200, server.get("/v1/models/shakespeare-char").statusCode());
    assertEquals("{\"status\":\"ok\"}\n", server.get("/health").body());
    server.complete("{\"prompt\":\"A\"}");
    String metrics = server.get("/metrics").body();
    for (String name :
        List.of(
            "gpt_tokens_completion_total",
            "gpt_completions_active",
            "gpt_completions_waiting",
            "gpt_prefix_cache_hits_total",
            "gpt_step_sequences_bucket",
            "gpt_time_to_first_token_seconds_bucket",
            "gpt_time_per_token_seconds_count",
            "gpt_requests_seconds_count{path=\"/v1/completions\",status=\"200\"}",
            "jvm_memory_used_bytes")) {
      assertTrue(metrics.contains("\n" + name), () -> name + " in\n" + metrics);
    }
    HttpResponse<String> page = server.get("/");
    assertTrue(page.body().startsWith("<!doctype html>"), page::body);
    assertFalse(page.body().matches("(?s).*(src|href)=\"?(https?:)?//.*"), "loads nothing");
    assertEquals("unknown_url", error(404, server.get("/x")).get("code").getAsString());
    HttpResponse<String> method = server.get("/v1/completions");
    error(405, method);
    assertEquals("POST", method.headers().firstValue("allow").orElseThrow());
  }

  /** The line comes after the response, and other tests' lines before it. */
  @Test
  @Timeout(20)
  void theLogHasNoText() throws InterruptedException {
    server.complete("{\"prompt\":\"SECRETSECRETSECRET\",\"max_tokens\":4}");
    while (server.log().stream().noneMatch(line -> line.contains("prompt_tokens=18 "))) {
      Thread.sleep(5);
    }
    assertFalse(server.log().toString().contains("SECRET"));
    String line =
        server.log().stream()
            .filter(l -> l.contains("prompt_tokens=18 "))
            .findFirst()
            .orElseThrow();
    assertTrue(
        line.matches(
            ".*Z POST /v1/completions 200 prompt_tokens=18 completion_tokens=4"
                + " first_token_ms=[0-9.]+ total_ms=[0-9.]+"),
        line);
  }
}
