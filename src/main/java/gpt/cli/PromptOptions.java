package gpt.cli;

import gpt.model.GptException;
import gpt.tokenizer.Tokenizer;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What to continue, in one of three ways. */
final class PromptOptions {
  /** sample.py's, where no prompt is given. */
  static final String DEFAULT = "\n";

  private static final String WHAT = "prompt";

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      parameterConsumer = TextConsumer.class,
      description = {
        "The text to continue; - reads standard input, FILE:f the file f. Default: a newline."
      })
  private String text;

  @Option(
      names = "--prompt-file",
      paramLabel = "FILE",
      description = "A UTF-8 file with the text to continue.")
  private String file;

  @Option(
      names = "--prompt-ids",
      paramLabel = "ID,ID,...",
      description = "The tokens to continue. Any model takes them; one without a tokenizer must.")
  private String ids;

  /** A prompt that cannot be meant: a usage error. */
  static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidException(String message) {
      super(message);
    }
  }

  /** The prompt as given: a text, or ids. Reads the file or standard input where it is there. */
  Prompt read() throws InvalidException {
    if (Stream.of(text, file, ids).filter(Objects::nonNull).count() > 1) {
      throw new InvalidException(
          "only one of --prompt, --prompt-file and --prompt-ids can be given");
    }
    if (ids != null) {
      return new Prompt(null, parseIds(ids));
    }
    String prompt;
    if (file != null) {
      prompt = readFile(file);
    } else if (text == null) {
      prompt = DEFAULT;
    } else if (text.equals(InputFile.STANDARD_INPUT)) {
      prompt = InputFile.readStandardInput().text(WHAT);
    } else if (text.startsWith("FILE:")) {
      prompt = readFile(text.substring("FILE:".length()));
    } else {
      prompt = text;
    }
    if (prompt.isEmpty()) {
      throw new InvalidException(
          "the prompt is empty; leave --prompt out to begin with a newline, as nanoGPT does");
    }
    return new Prompt(prompt, null);
  }

  /** Exactly one of the two is there. */
  record Prompt(String text, int[] ids) {

    /**
     * The prompt's tokens.
     *
     * @param vocabSize ids from 0 to vocabSize − 1 are the model's
     */
    int[] encode(Optional<Tokenizer> tokenizer, int vocabSize) throws InvalidException {
      if (text != null) {
        return tokenizer
            .orElseThrow(
                () ->
                    new GptException(
                        "this model has no tokenizer: put nanoGPT's meta.pkl (in data/<dataset>/"
                            + " where it was trained) beside the checkpoint, or give --prompt-ids,"
                            + " numbers from 0 to "
                            + (vocabSize - 1)))
            .encode(text);
      }
      for (int id : ids) {
        if (id >= vocabSize) {
          throw new InvalidException(
              "--prompt-ids: this model's ids go from 0 to " + (vocabSize - 1) + ", found " + id);
        }
      }
      return ids;
    }
  }

  private static int[] parseIds(String list) throws InvalidException {
    String[] parts = list.split(",", -1);
    int[] ids = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      String part = parts[i].strip();
      if (!part.matches("[0-9]{1,9}")) {
        throw new InvalidException(
            "--prompt-ids: expected numbers with commas between, as 5,17,3, found '" + part + "'");
      }
      ids[i] = Integer.parseInt(part);
    }
    return ids;
  }

  private static String readFile(String name) {
    return InputFile.read(WHAT, name).text(WHAT);
  }
}
