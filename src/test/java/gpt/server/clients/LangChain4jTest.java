package gpt.server.clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.exception.HttpException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.StreamingResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiLanguageModel;
import dev.langchain4j.model.openai.OpenAiStreamingLanguageModel;
import dev.langchain4j.model.openai.internal.OpenAiClient;
import dev.langchain4j.model.openai.internal.completion.CompletionChoice;
import dev.langchain4j.model.openai.internal.completion.CompletionRequest;
import dev.langchain4j.model.openai.internal.completion.CompletionResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.Response;
import gpt.Completion;
import gpt.Gpt;
import gpt.Options;
import gpt.load.ModelLocator;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** LangChain4j's models for OpenAI get from the server what the library says. */
class LangChain4jTest {
  private static final String PROMPT = "ROMEO:";
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  /** OpenAI's default of max_tokens. */
  private static final int TOKENS = 16;

  private static DemoServer server;
  private static OpenAiClient client;
  private static Completion expected;

  @BeforeAll
  static void start() {
    server = new DemoServer(TIMEOUT, TIMEOUT);
    client =
        OpenAiClient.builder()
            .baseUrl(server.url() + "/v1")
            .apiKey("unused")
            .connectTimeout(TIMEOUT)
            .readTimeout(TIMEOUT)
            .build();
    try (Gpt gpt = Gpt.load(ModelLocator.DEMO)) {
      expected =
          gpt.complete(PROMPT, Options.options().greedy().maxNewTokens(TOKENS).topLogprobs(2));
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void completions() {
    OpenAiLanguageModel model =
        OpenAiLanguageModel.builder()
            .baseUrl(server.url() + "/v1")
            .apiKey("unused")
            .modelName(DemoServer.MODEL)
            .temperature(0.0)
            .maxRetries(0)
            .build();
    Response<String> response = model.generate(PROMPT);
    assertEquals(expected.text(), response.content());
    assertEquals(FinishReason.LENGTH, response.finishReason());
    assertEquals(PROMPT.length(), response.tokenUsage().inputTokenCount());
    assertEquals(TOKENS, response.tokenUsage().outputTokenCount());
  }

  @Test
  void streams() throws Exception {
    OpenAiStreamingLanguageModel model =
        OpenAiStreamingLanguageModel.builder()
            .baseUrl(server.url() + "/v1")
            .apiKey("unused")
            .modelName(DemoServer.MODEL)
            .temperature(0.0)
            .build();
    StringBuilder text = new StringBuilder();
    CompletableFuture<Response<String>> whole = new CompletableFuture<>();
    model.generate(
        PROMPT,
        new StreamingResponseHandler<>() {
          @Override
          public void onNext(String token) {
            text.append(token);
          }

          @Override
          public void onComplete(Response<String> response) {
            whole.complete(response);
          }

          @Override
          public void onError(Throwable error) {
            whole.completeExceptionally(error);
          }
        });
    Response<String> response = whole.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    assertEquals(expected.text(), text.toString());
    assertEquals(expected.text(), response.content());
    assertEquals(TOKENS, response.tokenUsage().outputTokenCount());
  }

  private static CompletionRequest.Builder request() {
    return CompletionRequest.builder().model(DemoServer.MODEL).prompt(PROMPT).temperature(0.0);
  }

  @Test
  void logprobs() {
    CompletionResponse response = client.completion(request().logprobs(2).build()).execute();
    CompletionChoice choice = response.choices().getFirst();
    assertEquals(expected.text(), choice.text());
    assertEquals(expected.logprobs(), choice.logprobs().tokenLogprobs());
    assertEquals(expected.text(), String.join("", choice.logprobs().tokens()));
    for (int i = 0; i < TOKENS; i++) {
      int at = i;
      expected
          .topLogprobs()
          .get(i)
          .forEach(
              candidate ->
                  assertEquals(
                      candidate.logprob(),
                      choice.logprobs().topLogprobs().get(at).get(candidate.text())));
    }
  }

  @Test
  void anEchoIsScored() {
    CompletionResponse response =
        client.completion(request().logprobs(0).maxTokens(0).echo(true).build()).execute();
    CompletionChoice choice = response.choices().getFirst();
    assertEquals(PROMPT, choice.text());
    assertEquals(PROMPT.length(), choice.logprobs().tokenLogprobs().size());
    assertEquals(List.of(0, 1, 2, 3, 4, 5), choice.logprobs().textOffset());
  }

  @Test
  void severalChoicesAndStops() {
    CompletionResponse response =
        client.completion(request().n(3).stop(List.of("e")).build()).execute();
    String text = expected.text().substring(0, expected.text().indexOf('e'));
    assertEquals(3, response.choices().size());
    for (CompletionChoice choice : response.choices()) {
      assertEquals(text, choice.text());
      assertEquals("stop", choice.finishReason());
    }
  }

  @Test
  void errors() {
    assertEquals(400, status(request().maxTokens(-1).build()));
    assertEquals(400, status(request().prompt("%").build()));
    assertEquals(400, status(request().suffix("after").build()));
    assertEquals(404, status(request().model("gpt-4").build()));
  }

  private static int status(CompletionRequest request) {
    RuntimeException error =
        assertThrows(RuntimeException.class, () -> client.completion(request).execute());
    HttpException http =
        (HttpException) (error instanceof HttpException ? error : error.getCause());
    assertTrue(http.getMessage().contains("\"type\":\"invalid_request_error\""), http.getMessage());
    return http.statusCode();
  }

  @Test
  void aBaseModelHasNoChat() {
    OpenAiChatModel model =
        OpenAiChatModel.builder()
            .baseUrl(server.url() + "/v1")
            .apiKey("unused")
            .modelName(DemoServer.MODEL)
            .maxRetries(0)
            .build();
    String message =
        assertThrows(LangChain4jException.class, () -> model.chat("Hello")).getMessage();
    assertTrue(message.contains("is a base model"), message);
  }
}
