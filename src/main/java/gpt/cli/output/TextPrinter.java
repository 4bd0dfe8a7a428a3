package gpt.cli.output;

import gpt.generate.FinishedCompletion;
import gpt.generate.Request;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Utf8Decoder;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Prints text as it is generated, in the form of nanoGPT's sample.py: the prompt and its
 * completion, with a line of dashes between completions. Prints ids separated by spaces if the
 * model has no tokenizer.
 */
public final class TextPrinter implements CompletionPrinter {
  /** The separator of sample.py. */
  private static final String DASHES = "---------------\n";

  private final Optional<Tokenizer> tokenizer;
  private final int[] prompt;
  private Utf8Decoder characters = new Utf8Decoder();

  /** Whether a completion has ended and no other one has begun; the last one stays so. */
  private boolean between;

  public TextPrinter(Optional<Tokenizer> tokenizer, Request request) {
    this.tokenizer = tokenizer;
    prompt = request.promptIds();
  }

  @Override
  public void begin() throws IOException {
    StandardOutput.write(prompt());
  }

  /**
   * The prompt as text, without a last character that is incomplete: its remaining bytes may come
   * with the first tokens.
   */
  String prompt() {
    if (tokenizer.isEmpty()) {
      return Arrays.stream(prompt).mapToObj(String::valueOf).collect(Collectors.joining(" "));
    }
    characters = new Utf8Decoder();
    StringBuilder text = new StringBuilder();
    for (int id : prompt) {
      text.append(characters.decode(tokenizer.get().decode(id)));
    }
    return text.toString();
  }

  @Override
  public void token(int id, String text) throws IOException {
    beginAnother();
    StandardOutput.write(tokenizer.isPresent() ? text : " " + id);
  }

  @Override
  public void ended(FinishedCompletion completion) throws IOException {
    beginAnother();
    if (completion.ids().length == 0) {
      StandardOutput.write(characters.flush());
    }
    StandardOutput.write("\n");
    between = true;
  }

  private void beginAnother() throws IOException {
    if (between) {
      between = false;
      StandardOutput.write(DASHES);
      begin();
    }
  }
}
