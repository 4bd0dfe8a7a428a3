package gpt.benchmarks;

import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.PublishedShapes;
import gpt.model.RandomWeights;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** Model shapes of the benchmarks. */
public enum Shape {
  /** The demo in {@code weights/}. */
  DEMO("demo", RandomWeights.shape(6, 6, 192, 256, 65, true, Gelu.EXACT)),
  /** 124 million parameters. */
  GPT2("gpt2"),
  /** 355 million parameters. */
  MEDIUM("gpt2-medium"),
  /** 774 million parameters. */
  LARGE("gpt2-large"),
  /** 1,558 million parameters. */
  XL("gpt2-xl");

  private final String word;
  private final GptConfig config;

  Shape(String word, GptConfig config) {
    this.word = word;
    this.config = config;
  }

  Shape(String published) {
    this(published, PublishedShapes.byName().get(published));
  }

  /** The shape with a name. */
  public static Optional<Shape> of(String word) {
    return Arrays.stream(values())
        .filter(s -> s.word.equals(word.toLowerCase(Locale.ROOT)))
        .findFirst();
  }

  /** Its name on the command line and in results. */
  public String word() {
    return word;
  }

  /** Its configuration. */
  public GptConfig config() {
    return config;
  }

  /** Elements of the matrices that a token is multiplied with, including lm_head. */
  public long matrixElements() {
    long c = config.nEmbd();
    return config.nLayer() * (4 * c * c + 2 * c * config.nInner()) + config.vocabSize() * c;
  }

  @Override
  public String toString() {
    return word;
  }
}
