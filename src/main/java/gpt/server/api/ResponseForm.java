package gpt.server.api;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Optional;

/** How a response is written: as completions or as a chat. */
sealed interface ResponseForm permits CompletionForm, ChatForm {
  /** OpenAI writes this for a probability of 0, whose logarithm JSON cannot hold. */
  double NO_PROBABILITY = -9999;

  String idPrefix();

  /**
   * The value of {@code object}.
   *
   * @param chunk whether it is an event of a stream
   */
  String object(boolean chunk);

  /** A choice, or what is new of it. */
  JsonObject choice(Delta delta, boolean chunk);

  /** The choice of the event that begins a stream; empty if none does. */
  Optional<JsonObject> opening(int index);

  /** A log-probability as a number of JSON. */
  static double finite(double logprob) {
    return Double.isFinite(logprob) ? logprob : NO_PROBABILITY;
  }

  /**
   * A choice.
   *
   * @param name where the content stands
   * @param content the text or the message
   * @param logprobs null for none
   */
  static JsonObject choice(Delta delta, String name, JsonElement content, JsonObject logprobs) {
    JsonObject choice = new JsonObject();
    choice.addProperty("index", delta.index());
    choice.add(name, content);
    choice.add("logprobs", logprobs);
    choice.addProperty("finish_reason", delta.finish());
    choice.add("ids", Json.tree(delta.ids()));
    return choice;
  }
}
