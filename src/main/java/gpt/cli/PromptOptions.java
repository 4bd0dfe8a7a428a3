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

  private static final String IDS = "--prompt-ids";

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
      names = IDS,
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

  /** Whether there is one, so that the default is not taken. */
  boolean given() {
    return text != null || file != null || ids != null;
  }

  /** The prompt as given: a text, or ids. Reads the file or standard input where it is there. */
  Prompt read() throws InvalidException {
    if (Stream.of(text, file, ids).filter(Objects::nonNull).count() > 1) {
      throw new InvalidException(
          "only one of --prompt, --prompt-file and --prompt-ids can be given");
    }
    if (ids != null) {
      return new Prompt(null, IdList.parse(IDS, ids));
    }
    String prompt;
    if (file != null) {
      prompt = InputFile.read(WHAT, file).text(WHAT);
    } else {
      prompt = text == null ? DEFAULT : text(WHAT, text);
    }
    if (prompt.isEmpty()) {
      throw new InvalidException(
          "the prompt is empty; leave --prompt out to begin with a newline, as nanoGPT does");
    }
    return new Prompt(prompt, null);
  }

  /**
   * The text that an argument names: - standard input's, FILE:f the file f's, else itself.
   *
   * @param what it is, in a word: prompt
   */
  static String text(String what, String argument) {
    if (argument.equals(InputFile.STANDARD_INPUT)) {
      return InputFile.readStandardInput().text(what);
    }
    return argument.startsWith("FILE:")
        ? InputFile.read(what, argument.substring("FILE:".length())).text(what)
        : argument;
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
                        "this model has no tokenizer: put tokenizer.json (Hugging Face) or meta.pkl"
                            + " (nanoGPT, in data/<dataset>/ where it was trained) beside the"
                            + " checkpoint, or give --prompt-ids, numbers from 0 to "
                            + (vocabSize - 1)))
            .encode(text);
      }
      IdList.check(IDS, "this model's", ids, vocabSize);
      return ids;
    }
  }
}
