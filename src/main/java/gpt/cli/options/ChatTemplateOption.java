package gpt.cli.options;

import gpt.tokenizer.ChatTemplate;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The form of a chat. */
@OptionGroup.In(OptionGroup.MODEL)
public final class ChatTemplateOption {
  @Option(
      names = "--chat-template",
      paramLabel = "dialogpt",
      completionCandidates = Choice.ChatTemplates.class,
      description =
          "The form of a chat that the model was trained on: dialogpt ends each turn with"
              + " <|endoftext|>. Default: the form that config.json names; a base model has none")
  private ChatTemplate template;

  /** The template that the option names. */
  public Optional<ChatTemplate> template() {
    return Optional.ofNullable(template);
  }
}
