package gpt.server.api;

import com.google.gson.JsonObject;

/**
 * Tokens that a request took.
 *
 * @param prompt tokens of its prompts, each counted once
 * @param completion new tokens, those of completions that are not returned included
 */
public record Usage(int prompt, int completion) {
  JsonObject json() {
    JsonObject json = new JsonObject();
    json.addProperty("prompt_tokens", prompt);
    json.addProperty("completion_tokens", completion);
    json.addProperty("total_tokens", prompt + completion);
    return json;
  }
}
