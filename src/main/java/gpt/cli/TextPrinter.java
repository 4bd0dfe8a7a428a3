package gpt.cli;

import gpt.generate.Generation;
import gpt.generate.Request;
import gpt.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;

/**
 * Text as it comes, as sample.py prints it: the prompt and what follows, a line of dashes between
 * samples. Ids with spaces between where the model has no tokenizer.
 */
final class TextPrinter implements SamplePrinter {
  /** sample.py's. */
  private static final String DASHES = "---------------\n";

  private final Optional<Tokenizer> tokenizer;
  private final int[] prompt;
  private final int samples;
  private int ended;

  TextPrinter(Optional<Tokenizer> tokenizer, Request request) {
    this.tokenizer = tokenizer;
    prompt = request.promptIds();
    samples = request.samples();
  }

  @Override
  public void begin() throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (int i = 0; i < prompt.length; i++) {
      text.writeBytes(
          tokenizer.isPresent()
              ? tokenizer.get().decode(prompt[i])
              : ((i > 0 ? " " : "") + prompt[i]).getBytes(StandardOutput.CHARSET));
    }
    StandardOutput.write(text.toByteArray());
  }

  @Override
  public void token(int id, String text) throws IOException {
    StandardOutput.write(tokenizer.isPresent() ? text : " " + id);
  }

  @Override
  public void ended(Generation generation) throws IOException {
    StandardOutput.write("\n");
    if (++ended < samples) {
      StandardOutput.write(DASHES);
      begin();
    }
  }
}
