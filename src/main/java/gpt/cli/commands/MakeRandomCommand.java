package gpt.cli.commands;

import gpt.checkpoint.Checkpoint;
import gpt.checkpoint.CheckpointWriter;
import gpt.cli.options.Choice;
import gpt.cli.options.CommonOptions;
import gpt.cli.options.DownloadOption;
import gpt.cli.options.OptionGroup;
import gpt.cli.options.UsageException;
import gpt.cli.output.ProgressBar;
import gpt.load.ModelLocator;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.PublishedShapes;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Writes a model of a known shape with random weights. */
@OptionGroup.In(OptionGroup.OUTPUT)
@Command(
    name = "make-random",
    sortOptions = false,
    description =
        "Writes a model of a known shape with random weights, initialised as in nanoGPT, for"
            + " benchmarks and tests. The same seed gives the same bytes on every machine.",
    footer = {
      "",
      "Examples:",
      "  gpt make-random --like gpt2-xl --seed 1 --out random-xl",
      "  gpt make-random --like demo --dtype f16 --out random-demo",
      "  gpt make-random --like out-shakespeare --out random"
    })
public final class MakeRandomCommand implements Callable<Integer> {
  private static final String DEMO = "demo";

  /** A shape, and the vocabulary of a character model. */
  private record Like(GptConfig config, Optional<List<String>> characters) {}

  @OptionGroup.In(OptionGroup.MODEL)
  @Option(
      names = "--like",
      paramLabel = "NAME|PATH",
      required = true,
      completionCandidates = Names.class,
      description =
          "The shape: that of ${COMPLETION-CANDIDATES}, or of a model, named as for --model.")
  private String like;

  @Mixin private DownloadOption download;

  @Option(
      names = {"-o", "--out"},
      paramLabel = "DIR",
      required = true,
      description = "The folder to write. It is created if missing.")
  private String out;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Random seed of the weights. Default: ${DEFAULT-VALUE}")
  private long seed;

  @Option(
      names = "--dtype",
      paramLabel = "f32|f16|bf16",
      defaultValue = "f32",
      completionCandidates = DTypes.class,
      description = "Type of the stored weights. Default: ${DEFAULT-VALUE}")
  private DType dtype;

  @Option(names = "--force", description = "Replace an existing model.")
  private boolean force;

  @Mixin private CommonOptions common;

  @Override
  public Integer call() {
    if (dtype.quantized()) {
      throw new UsageException("--dtype: expected f32, f16 or bf16, found " + Choice.word(dtype));
    }
    Path folder = OutFolder.checked(out, force);
    Like model = like();
    try (ProgressBar bar = common.bar("writing")) {
      CheckpointWriter.writeRandom(
          model.config(), model.characters(), seed, dtype, folder, force, bar::timed);
    }
    common.note("wrote " + folder + "; run it with --model " + folder);
    return CommandLine.ExitCode.OK;
  }

  private Like like() {
    GptConfig published = PublishedShapes.byName().get(like);
    if (published != null) {
      return new Like(published, Optional.empty());
    }
    Path path =
        download.locate("--like", like.equals(DEMO) ? ModelLocator.DEMO : like, !common.quiet);
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      return new Like(checkpoint.config(), checkpoint.characters());
    }
  }

  /** The shapes that need no model on this machine. */
  static final class Names implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Stream.concat(PublishedShapes.byName().keySet().stream(), Stream.of(DEMO)).iterator();
    }
  }

  /** The types that a safetensors file can have. */
  static final class DTypes implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return Stream.of(DType.values()).filter(d -> !d.quantized()).map(Choice::word).iterator();
    }
  }
}
