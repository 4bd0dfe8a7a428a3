package gpt.server.explore;

import gpt.server.api.BodyReader;
import java.util.Set;

/** A body with a context only. */
final class ContextBody {
  private static final Set<String> NAMES = Set.of("model", "prompt", "prompt_ids");

  private ContextBody() {}

  static ContextFields parse(byte[] body) {
    ContextFields context = new ContextFields();
    BodyReader.read(body, reader -> reader.object(null, NAMES, name -> context.read(reader, name)));
    return context;
  }
}
