package gpt.server.http;

import static gpt.server.http.TestServer.error;
import static gpt.server.http.TestServer.json;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gpt.explore.plot.StepsPage;
import gpt.sampling.ChainTrace;
import gpt.sampling.SamplingParameters;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The endpoints of the page, of one server of the demo model. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ExploreTest extends DemoServerTest {
  private static JsonObject explore(String what, String body) {
    HttpResponse<String> response = server.post("/explore/" + what, body);
    assertEquals(200, response.statusCode(), response.body());
    return json(response.body());
  }

  private static float[] floats(JsonElement base64) {
    byte[] bytes = Base64.getDecoder().decode(base64.getAsString());
    float[] floats = new float[bytes.length / 4];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(floats);
    return floats;
  }

  private static int[] ints(JsonElement array) {
    return array.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray();
  }

  private static double[] doubles(JsonElement array) {
    return array.getAsJsonArray().asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
  }

  @Test
  void aStepHasTheBitsOfTheFirstTrace() {
    int[] ids = model.encode("The king is d", "prompt");
    SamplingParameters sampling =
        SamplingParameters.builder().seed(1337).temperature(1.2).topK(4).build();
    ChainTrace trace = model.generator().firstTrace(ids, new int[0], sampling, (given, kept) -> {});
    JsonObject step =
        explore(
            "step", "{\"prompt\":\"The king is d\",\"seed\":1337,\"temperature\":1.2,\"top_k\":4}");
    assertArrayEquals(ids, ints(step.get("ids")));
    assertArrayEquals(trace.adjusted(), floats(step.get("logits")));
    assertEquals(trace.chosen(), step.get("chosen").getAsInt());
    assertEquals(trace.random(), step.get("random").getAsInt() / 0x1p24);
    assertEquals("", step.get("changed_ids").getAsString());
  }

  /** Step by step, with penalties that count what was generated. */
  @Test
  void stepsDrawTheTokensOfACompletion() {
    String options =
        "\"seed\":7,\"temperature\":0.9,\"top_p\":0.95,\"repetition_penalty\":1.3,"
            + "\"frequency_penalty\":0.4";
    JsonObject completion =
        server.complete("{\"prompt\":\"ROMEO:\",\"n\":2,\"max_tokens\":8," + options + "}");
    int[] prompt = model.encode("ROMEO:", "prompt");
    for (int sample = 0; sample < 2; sample++) {
      JsonArray choices = completion.getAsJsonArray("choices");
      int[] expected = ints(choices.get(sample).getAsJsonObject().get("ids"));
      for (int step = 0; step < expected.length; step++) {
        List<Integer> ids =
            IntStream.concat(IntStream.of(prompt), IntStream.of(expected).limit(step))
                .boxed()
                .toList();
        String place = ",\"step\":%d,\"sample\":%d,".formatted(step, sample);
        JsonObject answer = explore("step", "{\"prompt_ids\":" + ids + place + options + "}");
        assertEquals(expected[step], answer.get("chosen").getAsInt(), step + " of " + sample);
        assertTrue(!answer.get("changed_ids").getAsString().isEmpty());
      }
    }
  }

  @Test
  void theLastLayerSaysWhatTheModelSays() {
    String body = "{\"prompt\":\"The king is d\"}";
    double[] expected =
        model
            .generator()
            .firstTrace(
                model.encode("The king is d", "prompt"),
                new int[0],
                SamplingParameters.greedy(),
                (given, kept) -> {})
            .probabilities();
    JsonArray layers = explore("lens", body).getAsJsonArray("layers");
    assertEquals(7, layers.size());
    JsonObject last = layers.get(6).getAsJsonObject();
    int[] ids = ints(last.get("ids"));
    double[] probabilities = doubles(last.get("probabilities"));
    for (int i = 0; i < ids.length; i++) {
      assertEquals(expected[ids[i]], probabilities[i], 1e-6);
    }
    assertEquals(probabilities[0], last.get("final_probability").getAsDouble());
    for (JsonElement layer : layers) {
      assertTrue(layer.getAsJsonObject().get("norm").getAsDouble() > 0);
    }
    assertTrue(last.get("mlp_norm").getAsDouble() > 0);
  }

  /** A page that a command writes has the layers that the server would answer with. */
  @Test
  void aWrittenPageHasTheSameLayers() {
    int[] text = model.encode("The king is dead", "prompt");
    StepsPage page =
        new StepsPage("Page", SamplingParameters.greedy(), model.vocabulary().labels(65));
    boolean all = model.engine().call(1, engine -> page.addLayers(engine, text, 13));
    assertTrue(all);
    String html = page.html();
    String begin = "<script type=\"application/json\" id=\"data\">";
    int from = html.indexOf(begin) + begin.length();
    JsonObject layers =
        json(html.substring(from, html.indexOf("</script>", from))).getAsJsonObject("layers");
    assertArrayEquals(text, ints(layers.get("ids")));
    assertEquals(6, layers.get("n_head").getAsInt());
    JsonElement lens = layers.getAsJsonArray("lens").get(12);
    JsonElement attention = layers.getAsJsonArray("attention").get(12);
    assertEquals(explore("lens", "{\"prompt\":\"The king is d\"}"), lens);
    assertEquals(explore("attention", "{\"prompt\":\"The king is d\"}"), attention);
  }

  @Test
  void eachHeadsWeightsSumToOne() {
    JsonObject answer = explore("attention", "{\"prompt\":\"The king is d\"}");
    assertEquals(12, answer.get("position").getAsInt());
    assertEquals(192, floats(answer.get("embedding")).length);
    assertEquals(6, answer.getAsJsonArray("weights").size());
    for (JsonElement layer : answer.getAsJsonArray("weights")) {
      float[] weights = floats(layer);
      assertEquals(6 * 13, weights.length);
      for (int head = 0; head < 6; head++) {
        int first = 13 * head;
        double sum = IntStream.range(0, 13).mapToDouble(key -> weights[first + key]).sum();
        assertEquals(1, sum, 1e-5);
      }
    }
  }

  @Test
  void theBestBeamIsAPathThroughTheTree() {
    JsonObject answer =
        explore("beams", "{\"prompt\":\"The king is d\",\"beams\":3,\"max_tokens\":5}");
    JsonObject best = answer.getAsJsonArray("completions").get(0).getAsJsonObject();
    int[] ids = ints(best.get("ids"));
    JsonArray steps = answer.getAsJsonArray("steps");
    assertEquals(5, steps.size());
    int parent = -1;
    double sum = 0;
    for (int step = 0; step < ids.length; step++) {
      JsonArray nodes = steps.get(step).getAsJsonArray();
      int found = -1;
      for (int i = 0; i < nodes.size(); i++) {
        JsonObject node = nodes.get(i).getAsJsonObject();
        if (node.get("id").getAsInt() == ids[step] && node.get("parent").getAsInt() == parent) {
          found = i;
          sum += node.get("log_probability").getAsDouble();
        }
      }
      assertTrue(found >= 0, "step " + step + " of " + best + " in " + steps);
      parent = found;
    }
    assertEquals(sum / ids.length, best.get("score").getAsDouble(), 1e-9);
  }

  @Test
  void lossesAreThoseOfScoring() {
    String text = "To be, or not to be: that is the question.";
    JsonObject answer = explore("loss", "{\"prompt\":\"" + text + "\"}");
    JsonObject scored =
        server.complete(
            "{\"prompt\":\"" + text + "\",\"echo\":true,\"logprobs\":1,\"max_tokens\":0}");
    JsonArray logprobs =
        scored
            .getAsJsonArray("choices")
            .get(0)
            .getAsJsonObject()
            .getAsJsonObject("logprobs")
            .getAsJsonArray("token_logprobs");
    JsonArray tokens = answer.getAsJsonArray("tokens");
    assertEquals(logprobs.size() - 1, tokens.size());
    double[] losses = new double[tokens.size()];
    for (int i = 0; i < losses.length; i++) {
      JsonObject token = tokens.get(i).getAsJsonObject();
      losses[i] = token.get("loss").getAsDouble();
      assertEquals(-logprobs.get(i + 1).getAsDouble(), losses[i], 1e-6);
      boolean first = ints(token.get("ids"))[0] == ints(answer.get("ids"))[i + 1];
      assertEquals(first, token.get("rank").getAsInt() == 1);
    }
    double mean = DoubleStream.of(losses).average().orElseThrow();
    assertEquals(mean, answer.get("loss").getAsDouble(), 1e-12);
    assertEquals(Math.exp(mean), answer.get("perplexity").getAsDouble(), 1e-9);
  }

  @Test
  void theModelHasLabelsAndShape() {
    JsonObject answer = json(server.get("/explore/model").body());
    assertEquals(65, answer.getAsJsonArray("labels").size());
    assertEquals("\\n", answer.getAsJsonArray("labels").get(0).getAsString());
    assertEquals(6, answer.get("n_layer").getAsInt());
    assertEquals(6, answer.getAsJsonArray("coefficients").size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "step      | {}                                          | prompt      | is missing",
        "step      | {\"prompt\":\"\"}                           | prompt      | is empty",
        "step      | {\"prompt\":\"A\",\"prompt_ids\":[1]}       | prompt_ids  | only one of",
        "step      | {\"prompt\":\"A\",\"step\":1}               | step        | less than",
        "step      | {\"prompt\":\"A\",\"n\":2}                  | n           | no option",
        "step      | {\"prompt\":\"A\",\"logit_bias\":{\"99\":1}}| logit_bias  | ids are 0 to 64",
        "step      | {\"prompt\":\"A\",\"model\":\"other\"}      | model       | not 'other'",
        "lens      | {\"prompt_ids\":[65]}                       | prompt_ids  | ids are 0 to 64",
        "attention | {\"prompt\":\"A\",\"layer\":1}              | layer       | no option",
        "beams     | {\"prompt\":\"A\",\"beams\":9}              | beams       | from 1 to 8",
        "loss      | {\"prompt\":\"A\"}                          | prompt      | 2 tokens or more",
      })
  void wrongRequestsGetOneLine(String what, String body, String param, String message) {
    HttpResponse<String> response = server.post("/explore/" + what, body);
    JsonObject error = error(param.equals("model") ? 404 : 400, response);
    assertEquals(param, error.get("param").getAsString());
    assertTrue(error.get("message").getAsString().contains(message), error::toString);
  }

  @Test
  void thePageNeedsNoKeyAndItsNumbersDo() {
    try (TestServer guarded = new TestServer(model, TestServer.settings(8, "secret"))) {
      HttpResponse<String> page = guarded.get("/");
      assertEquals(200, page.statusCode());
      assertTrue(page.body().contains("{\"live\": true}"));
      assertTrue(page.headers().firstValue("Content-Security-Policy").isPresent());
      error(401, guarded.get("/explore/model"));
      error(401, guarded.post("/explore/step", "{\"prompt\":\"A\"}"));
    }
  }
}
