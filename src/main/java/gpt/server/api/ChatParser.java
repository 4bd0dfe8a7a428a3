package gpt.server.api;

import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parses the body of {@code POST /v1/chat/completions}. */
public final class ChatParser {
  private static final Set<String> NAMES =
      BodyReader.names(
          CommonOptions.NAMES, "messages", "max_completion_tokens", "logprobs", "top_logprobs");

  private static final Set<String> ROLES = Set.of("system", "developer", "user", "assistant");

  private final BodyReader body;
  private final CommonOptions common;
  private List<ChatRequest.Message> messages;
  private boolean logprobs;
  private int topLogprobs = -1;
  private String maxTokens;

  private ChatParser(BodyReader body, ApiLimits limits) {
    this.body = body;
    common = new CommonOptions(limits, limits.maxTokens(), SamplingFields::drawnSeed);
  }

  /**
   * Parses a body.
   *
   * @throws ApiException if it is not JSON, or an option is unknown or wrong
   */
  public static ChatRequest parse(byte[] body, ApiLimits limits) {
    return BodyReader.read(body, reader -> new ChatParser(reader, limits).parse());
  }

  private ChatRequest parse() throws IOException {
    body.object(null, NAMES, this::option);
    if (messages == null || messages.isEmpty()) {
      throw ApiException.invalid("messages", "messages is missing: give the chat so far");
    }
    if (topLogprobs >= 0 && !logprobs) {
      throw ApiException.invalid("top_logprobs", "top_logprobs needs \"logprobs\": true");
    }
    int top = logprobs ? Math.max(0, topLogprobs) : -1;
    return new ChatRequest(messages, common.request(List.of(), common.choices(), top, false));
  }

  private void option(String name) throws IOException {
    switch (name) {
      case "messages" -> messages = messages(name);
      case "max_tokens", "max_completion_tokens" -> {
        if (maxTokens != null) {
          throw ApiException.invalid(name, name + " and " + maxTokens + " are the same option");
        }
        maxTokens = name;
        common.maxTokens(body, name);
      }
      case "logprobs" -> logprobs = body.flag(name);
      case "top_logprobs" -> topLogprobs = body.whole(name, 0, ApiLimits.MAX_LOGPROBS);
      default -> common.read(body, name);
    }
  }

  private List<ChatRequest.Message> messages(String name) throws IOException {
    List<ChatRequest.Message> all = new ArrayList<>();
    body.array(name, ApiLimits.MAX_MESSAGES, () -> all.add(message(name + "[" + all.size() + "]")));
    return all;
  }

  private ChatRequest.Message message(String param) throws IOException {
    String[] role = new String[1];
    String[] content = new String[1];
    body.object(
        param,
        Set.of("role", "content", "refusal"),
        option -> {
          switch (option) {
            case "role" -> role[0] = role(param + ".role");
            case "content" -> content[0] = content(param + ".content");
            default ->
                throw ApiException.invalid(
                    param + "." + option, param + "." + option + " must be null");
          }
        });
    if (role[0] == null || content[0] == null) {
      String missing = param + (role[0] == null ? ".role" : ".content");
      throw ApiException.invalid(missing, missing + " is missing");
    }
    return new ChatRequest.Message(role[0], content[0]);
  }

  private String role(String param) throws IOException {
    String role = body.text(param);
    if (!ROLES.contains(role)) {
      throw ApiException.invalid(
          param, param + " must be system, user or assistant, found '" + role + "'");
    }
    return role;
  }

  /** A string, or an array of parts that are texts. */
  private String content(String param) throws IOException {
    if (body.peek() == JsonToken.STRING) {
      return body.text(param);
    }
    StringBuilder text = new StringBuilder();
    body.array(
        param,
        ApiLimits.MAX_MESSAGES,
        () ->
            body.object(
                param,
                Set.of("type", "text"),
                option -> {
                  String value = body.text(param + "." + option);
                  if (option.equals("text")) {
                    text.append(value);
                  } else if (!value.equals("text")) {
                    throw ApiException.invalid(
                        param + ".type", "this model reads text only, found '" + value + "'");
                  }
                }));
    return text.toString();
  }
}
