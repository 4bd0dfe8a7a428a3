package gpt.server.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.sampling.SamplingParameters;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bodies of completions and chats. */
class CompletionParserTest {
  private static final ApiLimits LIMITS = new ApiLimits(8, 1000);

  private static ApiRequest parse(String body) {
    return CompletionParser.parse(body.getBytes(UTF_8), LIMITS);
  }

  @Test
  void theDefaultsAreOpenAis() {
    ApiRequest request = parse("{\"prompt\": \"a\", \"model\": null}");
    assertEquals("a", request.prompts().getFirst().text());
    assertEquals(16, request.maxTokens());
    assertEquals(1, request.bestOf());
    assertEquals(-1, request.logprobs());
    SamplingParameters sampling = request.sampling();
    assertEquals(
        SamplingParameters.builder().seed(sampling.seed()).build(), sampling, "temperature 1 only");
    assertTrue(sampling.seed() >= 0 && sampling.seed() < 1L << 53, "a JavaScript number");
    assertNotEquals(sampling.seed(), parse("{\"prompt\": \"a\"}").sampling().seed());
    assertNull(request.model());
  }

  @Test
  void allOptions() {
    ApiRequest request =
        parse(
            """
            {"model": "m", "prompt": ["a", [1, 2]], "n": 2, "best_of": 3, "max_tokens": 9,
             "min_tokens": 4, "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1,
             "typical_p": 0.8, "repetition_penalty": 1.1, "presence_penalty": 0.2,
             "frequency_penalty": -0.3, "logit_bias": {"7": -100}, "seed": -5, "stop": ["x", "y"],
             "logprobs": 3, "echo": true, "stream": false, "user": "me"}
            """);
    assertEquals("m", request.model());
    assertArrayEquals(new int[] {1, 2}, request.prompts().get(1).ids());
    assertEquals(6, request.completions());
    assertEquals(List.of("x", "y"), request.stops());
    assertEquals(
        new SamplingParameters(1.1, -0.3, 0.2, Map.of(7, -100.0), 4, 0.5, 40, 0.9, 0.1, 0.8, -5),
        request.sampling());
    assertEquals(3, request.logprobs());
    assertTrue(request.echo());
  }

  @Test
  void promptsOfEveryKind() {
    assertArrayEquals(new int[] {5, 0}, parse("{\"prompt\":[5,0]}").prompts().getFirst().ids());
    assertArrayEquals(new int[] {5}, parse("{\"prompt_ids\":[5]}").prompts().getFirst().ids());
    assertEquals(2, parse("{\"prompt\":[[5],[6,7]]}").prompts().size());
    assertEquals("b", parse("{\"prompt\":[\"a\",\"b\"]}").prompts().get(1).text());
    ApiRequest stream =
        parse("{\"prompt\":\"a\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    assertTrue(stream.stream() && stream.usage());
  }

  /** The body, the option that the error names, and a part of its message. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      nullValues = "-",
      value = {
        "``                                | - | it is empty",
        "{                                 | - | it ends too early",
        "[]                                | - | found an array",
        "{\"prompt\":\"a\"} x              | - | the body must be one JSON object",
        "{\"prompt\":\"a\",}               | - | the body must be one JSON object",
        "{'prompt':'a'}                    | - | the body must be one JSON object",
        "{}                                | prompt | prompt is missing",
        "{\"prompt\":\"a\",\"prompt\":\"b\"} | prompt | given twice",
        "{\"prompt\":\"a\",\"prompt_ids\":[1]} | prompt_ids | only one of",
        "{\"prompt\":1}                    | prompt | found a number",
        "{\"prompt\":[]}                   | prompt | empty array",
        "{\"prompt\":[1,\"a\"]}            | prompt | found a string in an array",
        "{\"prompt\":[\"a\",1]}            | prompt | found a number in an array",
        "{\"prompt\":[1.5]}                | prompt | found 1.5",
        "{\"prompt\":[-1]}                 | prompt | found -1",
        "{\"prompt\":\"\\ud800\"}          | - | Unpaired surrogate",
        "{\"prompt\":\"a\",\"top_kk\":1}   | top_kk | no option 'top_kk'",
        "{\"prompt\":\"a\",\"suffix\":\"\"} | suffix | no option 'suffix'",
        "{\"prompt\":\"a\",\"n\":0}        | n | from 1 to 8, found 0",
        "{\"prompt\":\"a\",\"n\":9}        | n | from 1 to 8, found 9",
        "{\"prompt\":\"a\",\"n\":\"2\"}    | n | found a string",
        "{\"prompt\":\"a\",\"n\":1e999999999} | n | found 1e999999999",
        "{\"prompt\":\"a\",\"n\":2,\"best_of\":1} | best_of | best_of must be n or more",
        "{\"prompt\":\"a\",\"best_of\":2,\"stream\":true} | best_of | cannot be streamed",
        "{\"prompt\":[[1],[2],[3]],\"n\":3} | prompt | may have 8 completions, found 9",
        "{\"prompt\":\"a\",\"max_tokens\":1001} | max_tokens | from 0 to 1000, found 1001",
        "{\"prompt\":\"a\",\"min_tokens\":17} | min_tokens | found 17 and 16",
        "{\"prompt\":\"a\",\"temperature\":-1} | temperature | from 0 to 1000, found -1",
        "{\"prompt\":\"a\",\"temperature\":1e999} | temperature | found 1e999",
        "{\"prompt\":\"a\",\"top_p\":0}    | top_p | above 0 and at most 1, found 0",
        "{\"prompt\":\"a\",\"logprobs\":21} | logprobs | from 0 to 20, found 21",
        "{\"prompt\":\"a\",\"logprobs\":true} | logprobs | found true or false",
        "{\"prompt\":\"a\",\"stop\":[\"\"]} | stop | empty string",
        "{\"prompt\":\"a\",\"stop\":5}     | stop | found a number",
        "{\"prompt\":\"a\",\"logit_bias\":{\"x\":1}} | logit_bias | found 'x'",
        "{\"prompt\":\"a\",\"logit_bias\":{\"1\":101}} | logit_bias | from -100 to 100",
        "{\"prompt\":\"a\",\"seed\":1.5}   | seed | found 1.5",
        "{\"prompt\":\"a\",\"echo\":1}     | echo | true or false, found a number",
        "{\"prompt\":\"a\",\"stream_options\":{}} | stream_options | needs",
        "{\"prompt\":\"a\",\"stream\":true,\"stream_options\":{\"x\":1}} | stream_options.x | no"
            + " option"
      })
  void aWrongBody(String body, String param, String part) {
    ApiException e = assertThrows(ApiException.class, () -> parse(body));
    assertEquals(400, e.status());
    assertEquals(param, e.param(), e.getMessage());
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void nestingAndBytesAreBounded() {
    String deep = "{\"prompt\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    assertEquals("prompt", assertThrows(ApiException.class, () -> parse(deep)).param());
    byte[] invalid = {'{', '"', (byte) 0xFF, '"', ':', '1', '}'};
    ApiException e =
        assertThrows(ApiException.class, () -> CompletionParser.parse(invalid, LIMITS));
    assertTrue(e.getMessage().contains("not valid UTF-8"), e.getMessage());
  }

  @Test
  void aChat() {
    ChatRequest chat =
        ChatParser.parse(
            """
            {"messages": [{"role": "user", "content": "Hi"},
                          {"role": "assistant", "content": "Hello", "refusal": null},
                          {"role": "user", "content": [{"type": "text", "text": "Bye"}]}],
             "max_completion_tokens": 5, "logprobs": true, "top_logprobs": 2}
            """
                .getBytes(UTF_8),
            LIMITS);
    assertEquals(
        List.of("Hi", "Hello", "Bye"),
        chat.messages().stream().map(ChatRequest.Message::content).toList());
    assertEquals(5, chat.request().maxTokens());
    assertEquals(2, chat.request().logprobs());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{}                                                        | messages",
        "{\"messages\":[]}                                         | messages",
        "{\"messages\":[{\"role\":\"user\"}]}                      | messages[0].content",
        "{\"messages\":[{\"content\":\"a\"}]}                      | messages[0].role",
        "{\"messages\":[{\"role\":\"tool\",\"content\":\"a\"}]}    | messages[0].role",
        "{\"messages\":[{\"role\":\"user\",\"content\":1}]}        | messages[0].content",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\",\"name\":\"b\"}]} | messages[0].name",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"tools\":[]} | tools",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"top_logprobs\":1} | top_logprobs",
        "{\"max_tokens\":1,\"max_completion_tokens\":1}            | max_completion_tokens"
      })
  void aWrongChat(String body, String param) {
    ApiException e =
        assertThrows(ApiException.class, () -> ChatParser.parse(body.getBytes(UTF_8), LIMITS));
    assertEquals(param, e.param(), e.getMessage());
  }
}
