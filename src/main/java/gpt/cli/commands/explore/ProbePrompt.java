package gpt.cli.commands.explore;

import gpt.cli.options.PromptOptions;
import gpt.cli.output.Follower;
import gpt.model.GptConfig;
import gpt.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Optional;

/** The prompt of a command that shows one forward pass: the last block_size tokens of a text. */
final class ProbePrompt {
  private final PromptOptions.Prompt text;
  private int given;

  ProbePrompt(PromptOptions.Prompt text) {
    this.text = text;
  }

  /** The ids that the model sees. */
  int[] ids(Optional<Tokenizer> tokenizer, GptConfig config) {
    int[] all = text.encode(tokenizer, config);
    given = all.length;
    return Arrays.copyOfRange(all, given - Math.min(given, config.blockSize()), given);
  }

  /** The note for the user if the beginning was cut off. */
  Optional<String> note(int[] ids) {
    return given > ids.length ? Optional.of(Follower.cropped(given, ids.length)) : Optional.empty();
  }
}
