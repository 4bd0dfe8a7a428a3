package gpt.cli.options;

import gpt.GptException;
import gpt.load.LoadedModel;
import gpt.model.GptConfig;
import gpt.tokenizer.Tokenizer;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** The prompt, given as text, as a file or as token ids. */
@OptionGroup.In(OptionGroup.PROMPT)
public final class PromptOptions {
  /** The prompt of nanoGPT's sample.py if none is given. */
  static final String DEFAULT = "\n";

  public static final String PROMPT = "--prompt";

  private static final String WHAT = "prompt";

  private static final String IDS = "--prompt-ids";

  @Option(
      names = {"-p", PROMPT},
      paramLabel = "TEXT",
      parameterConsumer = TextConsumer.class,
      description = {
        "Text to continue; - reads standard input, FILE:f reads the file f. Default: a newline"
      })
  private String text;

  @Option(
      names = "--prompt-file",
      paramLabel = "FILE",
      description = "UTF-8 file with the text to continue.")
  private String file;

  @Option(
      names = IDS,
      paramLabel = "ID,ID,...",
      description = "Token ids to continue. A model without a tokenizer takes no other prompt.")
  private String ids;

  /** Refuses a command line without a prompt; {@code what} of it is shown. */
  public void require(String what) {
    if (text == null && file == null && ids == null) {
      throw new UsageException("--prompt: give the text whose " + what + " to show");
    }
  }

  /**
   * The prompt as given: a text, a readable file, or ids.
   *
   * @param quiet whether to print no notes
   */
  public Prompt read(boolean quiet) {
    if (Stream.of(text, file, ids).filter(Objects::nonNull).count() > 1) {
      throw new UsageException("only one of --prompt, --prompt-file and --prompt-ids can be given");
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

  private static String nonEmpty(String prompt) {
    if (prompt.isEmpty()) {
      throw new UsageException(
          "the prompt is empty; leave --prompt out to begin with a newline, as nanoGPT does");
    }
    return prompt;
  }

  /**
   * The input that an argument names: standard input for {@code -}, the file f for {@code FILE:f};
   * empty if the argument is the text itself.
   *
   * @param what the content in a word, for errors: prompt
   * @param quiet whether to print no notes
   */
  public static Optional<InputFile> input(String what, String argument, boolean quiet) {
    if (argument.equals(InputFile.STANDARD_INPUT)) {
      return Optional.of(InputFile.standardInput(what, quiet));
    }
    return argument.startsWith("FILE:")
        ? Optional.of(InputFile.of(what, argument.substring("FILE:".length())))
        : Optional.empty();
  }

  /** A prompt that is not encoded yet; exactly one of the three is not null. */
  public record Prompt(String text, InputFile input, int[] ids) {
    /** Bytes that are always read; the ids are cropped to the context later, as in nanoGPT. */
    private static final long ALWAYS_READ = 1 << 20;

    /** The prompt's token ids for a model of this shape. */
    public int[] encode(Optional<Tokenizer> given, GptConfig config) {
      if (ids != null) {
        IdList.check(IDS, "this model's", ids, config.vocabSize());
        return ids;
      }
      Tokenizer tokenizer =
          given.orElseThrow(
              () ->
                  new GptException(
                      LoadedModel.NO_TOKENIZER
                          + ", or give --prompt-ids, numbers from 0 to "
                          + (config.vocabSize() - 1)));
      return tokenizer.encode(text == null ? nonEmpty(input.text(limit(tokenizer, config))) : text);
    }

    /** The bytes that fill the context even if each token is the vocabulary's longest. */
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
              + " bytes; give only the end of the text, as tail -c "
              + useful
              + " prints it");
    }
  }
}
