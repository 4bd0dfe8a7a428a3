package gpt.server.api;

import java.util.List;

/**
 * A request to continue a chat.
 *
 * @param messages the chat so far, at least one message
 * @param request the options, without prompts
 */
public record ChatRequest(List<Message> messages, ApiRequest request) {
  /**
   * A turn.
   *
   * @param role {@code user}, {@code assistant} or {@code system}
   * @param content what was said
   */
  public record Message(String role, String content) {}
}
