package gpt.cli.options;

import gpt.GptException;
import gpt.model.GptConfig;
import gpt.tokenizer.Tokenizer;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What to continue, in one of three ways. */
@OptionGroup.In(OptionGroup.PROMPT)
public final class PromptOptions {
  /** sample.py's, where no prompt is given. */
  static final String DEFAULT = "\n";

  public static final String PROMPT = "--prompt";

  private static final String WHAT = "prompt";

  private static final String IDS = "--prompt-ids";

  @Option(
      names = {"-p", PROMPT},
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
  public static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1L;

    public InvalidException(String message) {
      super(message);
    }
  }

  /** Whether there is one, so that the default is not taken. */
  public boolean given() {
    return text != null || file != null || ids != null;
  }

  /**
   * The prompt as given: a text, a file that can be read, or ids.
   *
   * @param quiet whether notes are unwanted
   */
  public Prompt read(boolean quiet) throws InvalidException {
    if (Stream.of(text, file, ids).filter(Objects::nonNull).count() > 1) {
      throw new InvalidException(
          "only one of --prompt, --prompt-file and --prompt-ids can be given");
    }
    if (ids != null) {
      return new Prompt(null, null, IdList.parse(IDS, ids));
    }
    if (file != null) {
      return new Prompt(null, InputFile.of(WHAT, file), null);
    }
    Optional<InputFile> input = text == null ? Optional.empty() : input(WHAT, text, quiet);
    return input.isPresent()
        ? new Prompt(null, input.get(), null)
        : new Prompt(nonEmpty(text == null ? DEFAULT : text), null, null);
  }

  private static String nonEmpty(String prompt) throws InvalidException {
    if (prompt.isEmpty()) {
      throw new InvalidException(
          "the prompt is empty; leave --prompt out to begin with a newline, as nanoGPT does");
    }
    return prompt;
  }

  /**
   * What an argument says to read: - standard input, FILE:f the file f; empty where it is the text
   * itself.
   *
   * @param what the text is, in a word: prompt
   * @param quiet whether notes are unwanted
   */
  public static Optional<InputFile> input(String what, String argument, boolean quiet) {
    if (argument.equals(InputFile.STANDARD_INPUT)) {
      return Optional.of(InputFile.standardInput(what, quiet));
    }
    return argument.startsWith("FILE:")
        ? Optional.of(InputFile.of(what, argument.substring("FILE:".length())))
        : Optional.empty();
  }

  /** Exactly one of the three is there. */
  public record Prompt(String text, InputFile input, int[] ids) {
    /** A prompt of so many bytes may pass the context by far; it is cropped as nanoGPT does. */
    private static final long ALWAYS_READ = 1 << 20;

    /** The prompt's tokens, of a model of this shape. */
    public int[] encode(Optional<Tokenizer> given, GptConfig config) throws InvalidException {
      if (ids != null) {
        IdList.check(IDS, "this model's", ids, config.vocabSize());
        return ids;
      }
      Tokenizer tokenizer =
          given.orElseThrow(
              () ->
                  new GptException(
                      "this model has no tokenizer: put tokenizer.json (Hugging Face) or meta.pkl"
                          + " (nanoGPT, in data/<dataset>/ where it was trained) beside the"
                          + " checkpoint, or give --prompt-ids, numbers from 0 to "
                          + (config.vocabSize() - 1)));
      return tokenizer.encode(text == null ? nonEmpty(input.text(limit(tokenizer, config))) : text);
    }

    /** What fills the context even if each token is the vocabulary's longest. */
    private static InputFile.Limit limit(Tokenizer tokenizer, GptConfig config) {
      int longest =
          IntStream.range(0, tokenizer.vocabSize())
              .map(id -> tokenizer.decode(id).length)
              .max()
              .orElse(0);
      long useful = (long) config.blockSize() * longest;
      return new InputFile.Limit(
          Math.max(ALWAYS_READ, useful),
          "of which the model's context of "
              + config.blockSize()
              + " tokens holds at most "
              + useful
              + " bytes; give the text's end only, as tail -c "
              + useful
              + " prints it");
    }
  }
}
