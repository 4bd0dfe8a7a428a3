package gpt.cli.commands;

import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import gpt.cli.options.Choice;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DownloadOption;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.UsageException;
import gpt.cli.output.ProgressBar;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.Gpt2Tokenizer;
import gpt.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.DoubleConsumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes a model as a folder with config.json and model.safetensors, or as one GGUF file. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "export",
    sortOptions = false,
    description =
        "Writes a model as a safetensors folder or as one GGUF file, which llama.cpp can load.",
    footer = {
      "",
      "Examples:",
      "  gpt export --model out/ckpt.pt --out my-model     then: gpt --model my-model",
      "  gpt export --model out --out my-model --force     replaces my-model",
      "  gpt export --model my-gpt2 --format gguf --dtype q8_0 --out my-gpt2.gguf"
    })
public final class ExportCommand implements Callable<Integer> {
  private static final String GGUF_NAME = ".gguf";

  /** The format to write. */
  public enum Format {
    /** A folder with config.json and model.safetensors. */
    SAFETENSORS,
    /** One GGUF file. */
    GGUF
  }

  @OptionGroup.In(OptionGroup.MODEL)
  @Option(
      names = {"-m", "--model"},
      paramLabel = "PATH|NAME",
      defaultValue = ModelLocator.DEMO,
      description = "The model to write, as for generate. Default: ${DEFAULT-VALUE}")
  private String model;

  @Mixin private DownloadOption download;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR|FILE.gguf",
      required = true,
      description = "The folder or GGUF file to write. A missing folder is created.")
  private String out;

  @Option(
      names = "--format",
      paramLabel = "safetensors|gguf",
      completionCandidates = Formats.class,
      description = "Format to write. Default: gguf if --out ends in .gguf, else safetensors")
  private Format format;

  @Option(
      names = "--dtype",
      paramLabel = "f32|f16|bf16|q8_0|q5_1|q5_0|q4_1|q4_0",
      completionCandidates = DTypes.class,
      description = {
        "Type of the stored weights. q8_0 to q4_0, integers of 8, 5 or 4 bits in blocks of 32 with"
            + " a scale each and in q5_1 and q4_1 a minimum, are for gguf only.",
        "For K-quants (q2_k to q6_k) use llama.cpp's llama-quantize.",
        "Default: the model's"
      })
  private DType dtype;

  @Option(names = "--force", description = "Replace an existing model.")
  private boolean force;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() {
    if (dtype != null && !CheckpointWriter.DTYPES.contains(dtype)) {
      throw new UsageException(
          "--dtype: expected %s, found %s"
              .formatted(String.join(", ", new DTypes()), Choice.word(dtype)));
    }
    boolean gguf = format == null ? out.endsWith(GGUF_NAME) : format == Format.GGUF;
    Path path = gguf ? file() : folder();
    Path from = download.locate("--model", model, !common.quiet);
    try (Checkpoint checkpoint = Checkpoint.open(from);
        ProgressBar bar = common.bar("writing")) {
      checkpoint.notes().forEach(common::note);
      Optional<Tokenizer> tokenizer = LoadedModel.tokenizer(checkpoint, checkpoint.config());
      DoubleConsumer progress = bar::timed;
      if (gguf) {
        CheckpointWriter.writeGguf(
            checkpoint, pairs(checkpoint, tokenizer), path, dtype, force, progress);
      } else {
        checkTokenizer(checkpoint, tokenizer);
        CheckpointWriter.write(checkpoint, path, dtype, force, progress);
      }
    }
    common.note("wrote " + path + "; run it with --model " + path);
    return CommandLine.ExitCode.OK;
  }

  private Path folder() {
    if (dtype != null && dtype.quantized()) {
      throw new UsageException(
          "--dtype "
              + Choice.word(dtype)
              + ": safetensors takes f32, f16 or bf16; use --format gguf");
    }
    return OutFolder.checked(out, force);
  }

  private Path file() {
    Path file = OutFolder.path(out);
    if (!out.endsWith(GGUF_NAME)) {
      throw new UsageException("--out " + out + ": a GGUF file's name must end in " + GGUF_NAME);
    }
    if (Files.isDirectory(file)) {
      throw new GptException("--out " + out + ": is a folder; name a file for a GGUF model");
    }
    if (!force && Files.exists(file)) {
      throw new GptException(
          "--out " + out + ": exists already; choose another name, or replace it with --force");
    }
    return file;
  }

  /** The byte pairs to write: the checkpoint's, or GPT-2's if the vocabulary has its size. */
  private static Optional<BpeVocabulary> pairs(
      Checkpoint checkpoint, Optional<Tokenizer> tokenizer) {
    return checkpoint
        .bpeVocabulary()
        .or(() -> tokenizer.filter(t -> t instanceof Gpt2Tokenizer).map(t -> BpeVocabulary.gpt2()));
  }

  /**
   * Refuses byte pairs other than GPT-2's: a safetensors folder does not store them, and would be
   * read with GPT-2's or with none.
   */
  private static void checkTokenizer(Checkpoint checkpoint, Optional<Tokenizer> tokenizer) {
    GptConfig config = checkpoint.config();
    boolean own = checkpoint.bpeVocabulary().isPresent() && checkpoint.characters().isEmpty();
    if (own && !tokenizer.filter(t -> t instanceof Gpt2Tokenizer).isPresent()) {
      throw new GptException(
          ("%s: its tokenizer, of %s byte pairs, is not GPT-2's, and a safetensors folder"
                  + " cannot store it; use --format gguf")
              .formatted(checkpoint.path(), config.vocabSize()));
    }
  }

  /** The words of {@code --format}. */
  static final class Formats implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Choice.words(Format.class).iterator();
    }
  }

  /** The words of {@code --dtype}. */
  static final class DTypes implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return CheckpointWriter.DTYPES.stream().map(Choice::word).iterator();
    }
  }
}
