package gpt.cli.options;

import gpt.GptException;
import gpt.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The texts before which a completion ends. */
@OptionGroup.In(OptionGroup.LENGTH)
public final class StopOption {
  @Option(
      names = "--stop",
      paramLabel = "STRING",
      parameterConsumer = TextConsumer.class,
      description = "End a completion before this text. Can be given several times.")
  private List<String> stops = List.of();

  /** Refuses an empty text. */
  public void check() {
    if (stops.contains("")) {
      throw new UsageException("--stop: the text must not be empty");
    }
  }

  /** Refuses a model that has no texts. */
  public void check(Optional<Tokenizer> tokenizer) {
    if (tokenizer.isEmpty() && !stops.isEmpty()) {
      throw new GptException("--stop: needs a tokenizer, and this model has none");
    }
  }

  /** The texts. */
  public List<String> stops() {
    return stops;
  }
}
