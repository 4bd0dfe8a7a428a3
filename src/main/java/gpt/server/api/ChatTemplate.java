package gpt.server.api;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** How a chat becomes a prompt. */
public enum ChatTemplate {
  /** DialoGPT's (Zhang et al. 2020): each turn is followed by {@code <|endoftext|>}. */
  DIALOGPT;

  private static final int MAX_CONFIG = 1 << 20;

  /**
   * Recognizes a model by its configuration: DialoGPT's {@code config.json} has parameters for the
   * task {@code conversational}.
   *
   * @param model a model's folder or file
   */
  public static Optional<ChatTemplate> of(Path model) {
    Path config =
        (Files.isDirectory(model) ? model : model.resolveSibling("")).resolve("config.json");
    try {
      if (Files.isRegularFile(config)
          && Files.size(config) <= MAX_CONFIG
          && JsonParser.parseString(Files.readString(config)) instanceof JsonObject object
          && object.get("task_specific_params") instanceof JsonObject tasks
          && tasks.has("conversational")) {
        return Optional.of(DIALOGPT);
      }
    } catch (IOException | JsonParseException e) {
      // Loading the model reports it.
    }
    return Optional.empty();
  }

  /**
   * The prompt of a chat.
   *
   * @throws ApiException if the template has no place for a message
   */
  Prompt prompt(List<ChatRequest.Message> messages, ServedModel model) {
    int end =
        model
            .tokenizer("messages")
            .endOfText()
            .orElseThrow(
                () ->
                    ApiException.invalid(
                        "messages", "messages: the vocabulary has no <|endoftext|> to end turns"));
    List<int[]> turns = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      ChatRequest.Message message = messages.get(i);
      String param = "messages[" + i + "]";
      if (!message.role().equals("user") && !message.role().equals("assistant")) {
        throw ApiException.invalid(
            param + ".role",
            param
                + ".role is "
                + message.role()
                + ", but this model knows user and assistant only");
      }
      turns.add(model.encode(message.content(), param + ".content"));
      turns.add(new int[] {end});
    }
    int[] ids = turns.stream().flatMapToInt(IntStream::of).toArray();
    return new Prompt(null, ids, "messages");
  }
}
