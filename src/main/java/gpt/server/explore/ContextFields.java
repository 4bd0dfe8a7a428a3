package gpt.server.explore;

import gpt.server.api.ApiException;
import gpt.server.api.BodyReader;
import gpt.server.api.Prompt;
import gpt.server.api.ServedModel;
import java.io.IOException;
import java.util.Set;

/** The options that all requests have: the model, and a text or token ids. */
final class ContextFields {
  private static final Set<String> NAMES = Set.of("model", "prompt", "prompt_ids");

  private String model;
  private Prompt prompt;

  /** Parses a body that has these options only. */
  static ContextFields parse(byte[] body) {
    return BodyReader.read(
        body,
        reader -> {
          ContextFields context = new ContextFields();
          reader.object(null, NAMES, name -> context.read(reader, name));
          return context;
        });
  }

  /** Reads {@code model}, {@code prompt} or {@code prompt_ids}. */
  void read(BodyReader body, String name) throws IOException {
    switch (name) {
      case "model" -> model = body.text(name);
      case "prompt" -> prompt(new Prompt(body.text(name), null, name));
      case "prompt_ids" -> prompt(new Prompt(null, body.ids(name), name));
      default -> throw new IllegalArgumentException(name);
    }
  }

  private void prompt(Prompt given) {
    if (prompt != null) {
      throw ApiException.invalid(given.param(), "only one of prompt and prompt_ids can be given");
    }
    prompt = given;
  }

  /**
   * The context's tokens.
   *
   * @throws ApiException if there are none, too many, or any that the model does not have
   */
  int[] ids(ServedModel served) {
    served.checkName(model);
    if (prompt == null) {
      throw ApiException.invalid("prompt", "prompt is missing: give a text or token ids");
    }
    return served.encode(prompt);
  }
}
