package gpt.cli.options;

import gpt.generate.draft.Drafter;
import gpt.load.DraftChoice;
import gpt.load.LoadedModel;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Speculative decoding. */
@OptionGroup.In(OptionGroup.DEVICE)
public final class DraftOption {
  @Option(
      names = "--draft",
      paramLabel = "ngram|self|MODEL",
      description =
          "Speculative decoding on the cpu: guess the next tokens, and verify several in one step."
              + " The text stays the same. ngram continues the last tokens as they continued"
              + " before, for text that repeats itself; self draws the guesses with the same model"
              + " in q4, for 6,000 tokens or more; MODEL is a smaller model with the same"
              + " vocabulary. Default: off")
  private String draft = "none";

  /** Opens what drafts for a loaded model. */
  public Optional<Drafter> open(ModelOptions model, DeviceOptions device, LoadedModel loaded) {
    return DraftChoice.parse(draft)
        .open(
            loaded.engine(),
            model.path(false),
            device.choice(),
            name -> model.locate("--draft", name));
  }
}
