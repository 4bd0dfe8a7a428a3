package gpt.server.api;

import java.util.Set;

/**
 * The bodies of {@code POST /tokenize} and {@code POST /detokenize}, in vLLM's form.
 *
 * @param model the model's name; null if none is given
 * @param prompt the text to encode; null for {@code /detokenize}
 * @param tokens the ids to decode; null for {@code /tokenize}
 */
public record TokenizeBody(String model, String prompt, int[] tokens) {

  /**
   * Parses {@code {"prompt": TEXT}}.
   *
   * @throws ApiException if the body is something else
   */
  public static TokenizeBody tokenize(byte[] body) {
    TokenizeBody read = read(body, "prompt");
    if (read.prompt == null) {
      throw ApiException.invalid("prompt", "prompt is missing: give a text");
    }
    return read;
  }

  /**
   * Parses {@code {"tokens": [ID, …]}}.
   *
   * @throws ApiException if the body is something else
   */
  public static TokenizeBody detokenize(byte[] body) {
    TokenizeBody read = read(body, "tokens");
    if (read.tokens == null) {
      throw ApiException.invalid("tokens", "tokens is missing: give token ids");
    }
    return read;
  }

  private static TokenizeBody read(byte[] body, String subject) {
    String[] texts = new String[2];
    int[][] tokens = new int[1][];
    return BodyReader.read(
        body,
        reader -> {
          reader.object(
              null,
              Set.of("model", subject),
              name -> {
                switch (name) {
                  case "model" -> texts[0] = reader.text(name);
                  case "prompt" -> texts[1] = reader.text(name);
                  default -> tokens[0] = reader.ids(name);
                }
              });
          return new TokenizeBody(texts[0], texts[1], tokens[0]);
        });
  }
}
