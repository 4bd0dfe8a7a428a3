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
    String[] read = new String[2];
    BodyReader.read(
        body,
        reader ->
            reader.object(
                null,
                Set.of("model", "prompt"),
                name -> read[name.equals("model") ? 0 : 1] = reader.text(name)));
    if (read[1] == null) {
      throw ApiException.invalid("prompt", "prompt is missing: give a text");
    }
    return new TokenizeBody(read[0], read[1], null);
  }

  /**
   * Parses {@code {"tokens": [ID, …]}}.
   *
   * @throws ApiException if the body is something else
   */
  public static TokenizeBody detokenize(byte[] body) {
    String[] model = new String[1];
    int[][] tokens = new int[1][];
    BodyReader.read(
        body,
        reader ->
            reader.object(
                null,
                Set.of("model", "tokens"),
                name -> {
                  if (name.equals("model")) {
                    model[0] = reader.text(name);
                  } else {
                    tokens[0] = reader.ids(name);
                  }
                }));
    if (tokens[0] == null) {
      throw ApiException.invalid("tokens", "tokens is missing: give token ids");
    }
    return new TokenizeBody(model[0], null, tokens[0]);
  }
}
