package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import gpt.checkpoint.huggingface.TinyHuggingFace;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code gpt serve} as a process: its options, its ids, and how it stops. */
class ServeIT {
  private static final String PROMPT = "JULIET:";

  @TempDir Path folder;

  /** A server that has been started, and the lines that it has printed. */
  private record Server(
      Program program, Process process, String address, List<String> lines, BufferedReader err) {
    static Server start(Program program) throws IOException {
      Process process = program.environment("GPT_PORT", "0").start();
      BufferedReader err = process.errorReader();
      List<String> lines = new ArrayList<>();
      String line = err.readLine();
      for (; line != null && !line.contains(" on http"); line = err.readLine()) {
        lines.add(line);
      }
      if (line == null) {
        throw new AssertionError(lines);
      }
      return new Server(program, process, line.replaceFirst(".* on ", ""), lines, err);
    }

    CompletableFuture<HttpResponse<String>> post(HttpClient client, String body) {
      return client.sendAsync(
          HttpRequest.newBuilder(URI.create(address + "/v1/completions"))
              .header("Authorization", "Bearer k3y")
              .POST(HttpRequest.BodyPublishers.ofString(body))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }

    JsonObject chat(HttpClient client, String body) throws Exception {
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(address + "/v1/chat/completions"))
              .POST(HttpRequest.BodyPublishers.ofString(body.formatted(",\"seed\":1")))
              .build();
      return JsonParser.parseString(
              client.send(request, HttpResponse.BodyHandlers.ofString()).body())
          .getAsJsonObject();
    }

    /** Asks the process to stop, and returns its exit status. */
    int stop() throws IOException {
      process.toHandle().destroy(); // SIGTERM; Process.destroy would close the streams
      err.lines().forEach(lines::add);
      return program.await(process);
    }
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void theIdsAreThoseOfTheCommandLineAndSigtermEndsWhatRuns() throws Exception {
    JsonObject printed =
        JsonParser.parseString(
                Program.gpt(
                        "--prompt",
                        PROMPT,
                        "--seed",
                        "5",
                        "--max-new-tokens",
                        "40",
                        "--json",
                        "--quiet")
                    .run()
                    .succeeded()
                    .out())
            .getAsJsonObject();
    Server server = Server.start(Program.gpt("serve").environment("GPT_API_KEY", "k3y"));
    try (HttpClient client = HttpClient.newHttpClient()) {
      String options = "\"prompt\":\"" + PROMPT + "\",\"temperature\":0.8,\"top_k\":200,";
      HttpResponse<String> response =
          server.post(client, "{" + options + "\"seed\":5,\"max_tokens\":40}").get();
      assertEquals(200, response.statusCode(), response.body());
      JsonObject choice =
          JsonParser.parseString(response.body())
              .getAsJsonObject()
              .getAsJsonArray("choices")
              .get(0)
              .getAsJsonObject();
      assertEquals(printed.get("ids"), choice.get("ids"));
      assertEquals(printed.get("text"), choice.get("text"));
      CompletableFuture<HttpResponse<String>> running =
          server.post(client, "{" + options + "\"max_tokens\":240,\"n\":4}");
      while (!running.isDone() && !active(server, client)) {
        Thread.sleep(5);
      }
      assertEquals(0, server.stop());
      assertEquals(200, running.get().statusCode());
    } finally {
      server.process().destroyForcibly();
    }
    assertTrue(server.lines().stream().anyMatch(l -> l.startsWith("gpt: stopping")));
    assertTrue(
        server.lines().stream().noneMatch(l -> l.contains("JULIET") || l.contains("k3y")),
        server.lines()::toString);
  }

  private static boolean active(Server server, HttpClient client) throws Exception {
    HttpRequest metrics =
        HttpRequest.newBuilder(URI.create(server.address() + "/metrics"))
            .header("Authorization", "Bearer k3y")
            .build();
    return client
        .send(metrics, HttpResponse.BodyHandlers.ofString())
        .body()
        .contains("\ngpt_completions_active 4.0\n");
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aPlainJarStopsWithStatus0Too() throws Exception {
    Server server = Server.start(Program.jar("serve", "--threads", "1"));
    try {
      assertEquals(0, server.stop());
    } finally {
      server.process().destroyForcibly();
    }
  }

  /** DialoGPT's configuration names the task; its turns end with the end-of-text token. */
  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aChatModelIsRecognizedByItsConfiguration() throws Exception {
    Path model = new TinyHuggingFace(folder).folder;
    Files.deleteIfExists(model.resolve("characters.json"));
    Files.writeString(
        model.resolve("vocab.json"), "{\"a\":0,\"b\":1,\"ab\":2,\"\u0120\":3,\"<|endoftext|>\":4}");
    Files.writeString(model.resolve("merges.txt"), "#version: 0.2\na b\n");
    JsonObject config =
        JsonParser.parseString(Files.readString(model.resolve("config.json"))).getAsJsonObject();
    JsonObject tasks = new JsonObject();
    tasks.add("conversational", new JsonObject());
    config.add("task_specific_params", tasks);
    Files.writeString(model.resolve("config.json"), config.toString());
    Server server = Server.start(Program.gpt("serve", "--model", model.toString()));
    try (HttpClient client = HttpClient.newHttpClient()) {
      JsonObject answer =
          server.chat(client, "{\"messages\":[{\"role\":\"user\",\"content\":\"ab\"}]%s}");
      assertEquals("chat.completion", answer.get("object").getAsString());
      assertEquals(2, answer.getAsJsonObject("usage").get("prompt_tokens").getAsInt());
      JsonObject message =
          answer.getAsJsonArray("choices").get(0).getAsJsonObject().getAsJsonObject("message");
      assertEquals("assistant", message.get("role").getAsString());
      JsonObject error =
          server
              .chat(client, "{\"messages\":[{\"role\":\"system\",\"content\":\"ab\"}]%s}")
              .getAsJsonObject("error");
      assertEquals("messages[0].role", error.get("param").getAsString());
      assertEquals(0, server.stop());
    } finally {
      server.process().destroyForcibly();
    }
  }

  @Test
  void aPortInUseIsOneLine() throws Exception {
    try (java.net.ServerSocket taken = new java.net.ServerSocket(0)) {
      Program.gpt("serve", "--quiet", "--port", String.valueOf(taken.getLocalPort()))
          .run()
          .failed(1, "cannot listen on 127.0.0.1:" + taken.getLocalPort());
    }
  }
}
