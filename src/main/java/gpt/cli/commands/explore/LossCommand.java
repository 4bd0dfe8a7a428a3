package gpt.cli.commands.explore;

import gpt.GptException;
import gpt.Loss;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DeviceOptions;
import gpt.cli.options.InputFile;
import gpt.cli.options.ModelOptions;
import gpt.cli.options.Numbers;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.PlotOptions;
import gpt.cli.options.UsageException;
import gpt.cli.output.ProfileTable;
import gpt.cli.output.ProgressBar;
import gpt.cli.output.StandardOutput;
import gpt.cli.output.Terminal;
import gpt.cli.output.explore.LossReport;
import gpt.cli.output.explore.TokenLosses;
import gpt.explore.LossMeter;
import gpt.explore.TokenIds;
import gpt.explore.TokenScore;
import gpt.explore.Windows;
import gpt.explore.plot.ColouredText;
import gpt.explore.plot.PlotFile;
import gpt.load.DeviceChoice;
import gpt.load.LoadedModel;
import gpt.model.GptConfig;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Vocabulary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Computes the loss and the perplexity of a text. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "loss",
    sortOptions = false,
    description = {
      "Computes a text's cross-entropy loss, perplexity and bits per byte. The text can be of any"
          + " length.",
      "",
      "The text is cut into windows of the model's context length (block_size). By default they do"
          + " not overlap, as in nanoGPT's evaluation, so the first tokens of each window have"
          + " little context. With a smaller --stride the windows overlap, and each one scores the"
          + " tokens that no earlier window has scored. Every token but the first is scored once."
    },
    footer = {
      "",
      "Examples:",
      "  gpt loss scene.txt",
      "  gpt loss --stride 64 --json - < scene.txt",
      "  gpt loss --per-token scene.txt > losses.csv",
      "  gpt loss --plot losses.html scene.txt               the text coloured by loss",
      "  gpt loss --model out-openwebtext --ids-file data/openwebtext/val.bin"
    })
public final class LossCommand implements Callable<Integer> {
  private static final String BIN = ".bin";

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "FILE",
      description = "UTF-8 file with the text; - reads standard input.")
  private String file;

  @OptionGroup.In(OptionGroup.TEXT)
  @Option(
      names = "--ids-file",
      paramLabel = "FILE",
      description =
          "File with token ids instead of a text: numbers separated by spaces, line ends or commas;"
              + " or, if the name ends in .bin, nanoGPT's 16-bit ids.")
  private String idsFile;

  @Mixin private ModelOptions model;

  @OptionGroup.In(OptionGroup.TEXT)
  @Option(
      names = "--stride",
      paramLabel = "N",
      description =
          "Tokens from the start of one window to the next, from 1 to block_size. A smaller stride"
              + " gives tokens more context (at least block_size − N + 1) and takes longer."
              + " Default: block_size")
  private Integer stride;

  @Mixin private DeviceOptions device;

  @Option(
      names = "--per-token",
      description =
          "Print each token as CSV: its loss in nats, its probability, its rank, and the likeliest"
              + " other token; and the totals on standard error. The loss is -ln(probability), and"
              + " e^loss = 1/probability the token's perplexity. With --json, add a list to the"
              + " object.")
  private boolean perToken;

  @Mixin private PlotOptions plot;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() throws IOException {
    check();
    Optional<PlotFile> picture = plot.checked();
    try (LoadedModel loaded = model.load(device, DeviceChoice.Use.LOGITS, ids(picture), common)) {
      TokenScore[] scores = scores(loaded.ids().length, picture);
      Loss loss = measure(loaded, scores);
      picture.ifPresent(into -> draw(loss, scores, loaded, into));
    } catch (UncheckedIOException e) {
      throw e.getCause(); // a listener can only throw it wrapped
    }
    return CommandLine.ExitCode.OK;
  }

  private void check() {
    if (file == null == (idsFile == null)) {
      throw new UsageException(
          file == null
              ? "give a text FILE, - for standard input, or --ids-file"
              : "only one of FILE and --ids-file can be given");
    }
    if (stride != null) {
      Numbers.atLeast(1, "--stride", stride);
    }
    device.check();
  }

  /** Checks that the input is readable, and returns the function that makes ids of it. */
  private LoadedModel.Ids ids(Optional<PlotFile> picture) {
    String given = file == null ? idsFile : file;
    String what = file == null ? "ids" : "text";
    InputFile input =
        given.equals(InputFile.STANDARD_INPUT)
            ? InputFile.standardInput(what, common.quiet)
            : InputFile.of(what, given);
    return (tokenizer, config) -> {
      if (stride != null && stride > config.blockSize()) {
        throw new UsageException(
            "--stride: must be at most "
                + config.blockSize()
                + " (the model's block_size), found "
                + stride);
      }
      int[] ids = file == null ? ids(input, config.vocabSize()) : encode(input, tokenizer, config);
      if (ids.length < 2) {
        throw new GptException(
            input.name()
                + ": has "
                + (ids.length == 1 ? "1 token" : "no tokens")
                + "; a loss needs at least 2, since the first token is not scored");
      }
      picture.ifPresent(into -> ColouredText.check(into, ids.length));
      return ids;
    };
  }

  private static int[] ids(InputFile input, int vocabSize) {
    byte[] bytes = input.bytes(InputFile.Limit.ofHeap());
    return input.name().endsWith(BIN)
        ? TokenIds.ofBin(bytes, input.name(), vocabSize)
        : TokenIds.ofText(bytes, input.name(), vocabSize);
  }

  private static int[] encode(InputFile input, Optional<Tokenizer> tokenizer, GptConfig config) {
    return tokenizer
        .orElseThrow(
            () ->
                new GptException(
                    LoadedModel.NO_TOKENIZER
                        + ", or give the text as --ids-file, numbers from 0 to "
                        + (config.vocabSize() - 1)))
        .encode(input.text(InputFile.Limit.ofHeap()));
  }

  /** Where the scores of n tokens go, or null if nothing shows them: they need all logits. */
  private TokenScore[] scores(int n, Optional<PlotFile> picture) {
    boolean page = picture.filter(into -> into.format() == PlotFile.Format.HTML).isPresent();
    boolean isLong = n > ColouredText.MAX_SCORED;
    if (page && isLong && !perToken) {
      common.note(
          picture.get().path()
              + ": what was likelier than each token is left out, since the text has more than "
              + ColouredText.MAX_SCORED
              + " tokens");
    }
    return perToken || page && !isLong ? new TokenScore[n] : null;
  }

  private Loss measure(LoadedModel loaded, TokenScore[] scores) throws IOException {
    boolean table = perToken && !json;
    TokenLosses losses = new TokenLosses(loaded.ids(), scores, new Vocabulary(loaded.tokenizer()));
    ProfileTable profile = new ProfileTable(loaded.opened()::profile, "0");
    long start = System.nanoTime();
    Loss measured;
    try (ProgressBar bar = new ProgressBar("loss", isBarShown(table))) {
      measured =
          LossMeter.measure(
              loaded.engine(),
              loaded.ids(),
              windows(loaded).stride(),
              (all, first, end) -> {
                profile.step();
                if (table) {
                  write(losses.csv(first, end));
                }
                bar.timed((double) end / all.length);
              },
              scores);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Loss loss = loaded.tokenizer().map(t -> LossMeter.withBytes(measured, t)).orElse(measured);
    LossReport report = new LossReport(loaded, loss, windows(loaded), seconds);
    if (json) {
      report.writeJson(perToken ? losses : null);
    } else if (table) {
      common.print(report.text() + TokenLosses.NOTE);
    } else {
      StandardOutput.write(report.text());
    }
    profile.lines().forEach(System.err::println); // printed with --quiet too: it was asked for
    common.print(speed(loss.tokens(), seconds));
    return loss;
  }

  private Windows windows(LoadedModel loaded) {
    int context = loaded.engine().config().blockSize();
    return new Windows(loaded.ids().length, context, stride == null ? context : stride);
  }

  private void draw(Loss loss, TokenScore[] scores, LoadedModel loaded, PlotFile into) {
    String note =
        String.format(
            Locale.ROOT,
            "%.4f nats a token, perplexity %.3f; windows of %d tokens, stride %d",
            loss.nats(),
            loss.perplexity(),
            windows(loaded).context(),
            windows(loaded).stride());
    IntFunction<byte[]> bytes =
        loaded.tokenizer().<IntFunction<byte[]>>map(t -> t::decode).orElse(null);
    new ColouredText(
            new ColouredText.Caption("Loss of each token", note, "loss", "nats"),
            loss.ids(),
            loss.losses(),
            scores,
            bytes)
        .write(into);
    common.note("wrote " + into.path());
  }

  /** Whether to draw a progress bar: not if the table goes to the same terminal. */
  private boolean isBarShown(boolean table) {
    return !common.quiet && Terminal.isStandardError() && !(table && Terminal.isStandardOutput());
  }

  private static void write(String text) {
    try {
      StandardOutput.write(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String speed(int tokens, double seconds) {
    return String.format(
        Locale.ROOT,
        tokens / seconds < 100 ? "%d %s, %.1f tokens/s" : "%d %s, %.0f tokens/s",
        tokens,
        tokens == 1 ? "token" : "tokens",
        tokens / seconds);
  }
}
