package gpt.cli.commands;

import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.cli.options.Choice;
import gpt.cli.options.ColourOption;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DownloadOption;
import gpt.cli.options.IdList;
import gpt.cli.options.InputFile;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PromptOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.Json;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.TokenList;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.tokenizer.Gpt2Tokenizer;
import gpt.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tokenizes a text, or decodes ids. Reads no weights. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "tokens",
    sortOptions = false,
    customSynopsis = {"gpt tokens [OPTIONS] TEXT", "       gpt tokens [OPTIONS] --ids ID,ID,..."},
    description = "Shows a text's tokens: the id, the text and the byte range of each.",
    footer = {
      "",
      "Examples:",
      "  gpt tokens \"To be, or not to be\"",
      "  gpt tokens --tokenizer gpt2 \"Unbelievable!\"       needs no model",
      "  gpt tokens --model my-gpt2 --json - < scene.txt",
      "  gpt tokens -- \"-a text that begins with a dash\"",
      "  gpt tokens --ids 32,53,1,40,43                      decodes ids"
    })
public final class TokensCommand implements Callable<Integer> {
  /** The label of the text in the help. */
  public static final String TEXT = "TEXT";

  private static final String IDS = "--ids";

  @Parameters(
      arity = "0..1",
      paramLabel = TEXT,
      description = "The text; - reads standard input, FILE:f reads the file f.")
  private String text;

  @OptionGroup.In(OptionGroup.TEXT)
  @Option(
      names = IDS,
      paramLabel = "ID,ID,...",
      description =
          "Decode these ids and print the text, byte for byte; with --json or --csv, list them.")
  private String ids;

  @OptionGroup.In(OptionGroup.MODEL)
  @Option(
      names = {"-m", "--model"},
      paramLabel = "PATH|NAME",
      description = "The model whose tokenizer to use. Default: " + ModelLocator.DEMO)
  private String model;

  @Mixin private DownloadOption download;

  @OptionGroup.In(OptionGroup.MODEL)
  @Option(
      names = "--tokenizer",
      paramLabel = "gpt2",
      completionCandidates = Words.class,
      description = "Use GPT-2's tokenizer, without a model.")
  private Known known;

  @Mixin private ColourOption colour;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Option(names = "--csv", description = "Print comma-separated values.")
  private boolean csv;

  @Mixin private CommonOptions common;

  /** Tokenizers that need no model. */
  public enum Known {
    GPT2
  }

  /** Their names, for the completion script. */
  static final class Words implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Choice.words(Known.class).iterator();
    }
  }

  @Override
  public Integer call() throws IOException {
    check();
    int[] given = ids == null ? null : IdList.parse(IDS, ids);
    Tokenizer tokenizer = tokenizer();
    if (given != null) {
      IdList.check(IDS, "this vocabulary's", given, tokenizer.vocabSize());
      if (!json && !csv) {
        StandardOutput.write(bytes(tokenizer, given));
        return CommandLine.ExitCode.OK;
      }
    }
    int[] tokens = given == null ? tokenizer.encode(text()) : given;
    print(new TokenList(tokenizer, tokens));
    return CommandLine.ExitCode.OK;
  }

  private String text() {
    return PromptOptions.input("text", text, common.quiet)
        .map(input -> input.text(InputFile.Limit.ofHeap()))
        .orElse(text);
  }

  private void check() {
    if ((text == null) == (ids == null)) {
      throw new UsageException(
          text == null
              ? "give a text, - for standard input, or --ids"
              : "a text and --ids cannot both be given");
    }
    if (model != null && known != null) {
      throw new UsageException("only one of --model and --tokenizer can be given");
    }
    if (json && csv) {
      throw new UsageException("only one of --json and --csv can be given");
    }
  }

  private void print(TokenList tokens) throws IOException {
    if (json) {
      StandardOutput.write(Json.line(tokens.toJson()));
    } else if (csv) {
      StandardOutput.write(tokens.toCsv());
    } else {
      if (colour.wanted()) {
        StandardOutput.write(tokens.coloured());
      }
      StandardOutput.write(tokens.toText());
    }
  }

  private Tokenizer tokenizer() {
    if (known != null) {
      return new Gpt2Tokenizer();
    }
    String name = model == null ? ModelLocator.DEMO : model;
    try (Checkpoint checkpoint = Checkpoint.open(download.locate("--model", name, !common.quiet))) {
      return LoadedModel.tokenizer(checkpoint, checkpoint.config())
          .orElseThrow(() -> new GptException(checkpoint.path() + ": " + LoadedModel.NO_TOKENIZER));
    }
  }

  private static byte[] bytes(Tokenizer tokenizer, int[] ids) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int id : ids) {
      out.writeBytes(tokenizer.decode(id));
    }
    return out.toByteArray();
  }
}
