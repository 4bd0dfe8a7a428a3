package gpt.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** The shapes of the GPT-2 models that OpenAI and Hugging Face published. */
public final class PublishedShapes {
  private static final Map<String, GptConfig> ALL = all();

  private PublishedShapes() {}

  private static Map<String, GptConfig> all() {
    Map<String, GptConfig> all = new LinkedHashMap<>();
    all.put("gpt2", gpt2(12, 12, 768));
    all.put("gpt2-medium", gpt2(24, 16, 1024));
    all.put("gpt2-large", gpt2(36, 20, 1280));
    all.put("gpt2-xl", gpt2(48, 25, 1600));
    all.put("distilgpt2", gpt2(6, 12, 768));
    return Collections.unmodifiableMap(all);
  }

  private static GptConfig gpt2(int nLayer, int nHead, int nEmbd) {
    return new GptConfig(nLayer, nHead, nEmbd, 1024, 50257, 4 * nEmbd, true, Gelu.TANH, 1e-5);
  }

  /** Shapes by Hugging Face name, OpenAI's by size, then distilgpt2. */
  public static Map<String, GptConfig> byName() {
    return ALL;
  }
}
