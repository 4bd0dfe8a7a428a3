package gpt.cli.options;

import gpt.GptException;
import gpt.OnFull;
import gpt.generate.beam.Beams;
import java.util.List;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** The options of beam search, which replaces sampling. */
@OptionGroup.In(OptionGroup.BEAM_SEARCH)
public final class BeamOptions {
  /** Options outside the sampling group that beam search cannot be combined with. */
  private static final List<String> NOT_WITH_BEAMS =
      List.of("--num-samples", "--logprobs", "--trace", "--plot");

  /** Sampling options that beam search accepts; all others are refused. */
  private static final List<String> WITH_BEAMS = List.of("--logit-bias", "--seed");

  @Option(
      names = "--beams",
      paramLabel = "N",
      description =
          "Beam search with N beams (1 to 64) instead of sampling. A completion ends when the"
              + " context is full.")
  private Integer beams;

  @Option(
      names = "--length-penalty",
      paramLabel = "A",
      defaultValue = "1",
      description =
          "With --beams: divide a completion's log-probability by its length to the power A; 0 is"
              + " off, larger values favour longer completions. Default: ${DEFAULT-VALUE}")
  private double lengthPenalty;

  @Option(
      names = "--num-return",
      paramLabel = "N",
      defaultValue = "1",
      description = "With --beams: completions to print, best first. Default: ${DEFAULT-VALUE}")
  private int numReturn;

  /** Whether {@code --beams} is given. */
  public boolean wanted() {
    return beams != null;
  }

  public Beams beams() {
    return new Beams(beams, lengthPenalty);
  }

  /** Completions to print. */
  public int numReturn() {
    return numReturn;
  }

  /** Refuses options that contradict each other. */
  public void check(CommonOptions common) {
    ParseResult given = common.parsed();
    if (!wanted()) {
      for (String option : List.of("--length-penalty", "--num-return")) {
        if (given.hasMatchedOption(option)) {
          throw new UsageException(option + ": needs --beams");
        }
      }
      return;
    }
    if (beams < 1 || beams > Beams.MAX_BEAMS) {
      throw new UsageException(
          "--beams: must be from 1 to " + Beams.MAX_BEAMS + ", found " + beams);
    }
    for (OptionSpec option : given.matchedOptions()) {
      String name = option.longestName();
      boolean sampling =
          OptionGroup.of(option) == OptionGroup.SAMPLING && !WITH_BEAMS.contains(name);
      if (sampling || NOT_WITH_BEAMS.contains(name)) {
        throw new UsageException(name + ": beam search does not use it; remove it or --beams");
      }
    }
    OnFull onFull = given.matchedOptionValue("--on-full", OnFull.STOP);
    if (onFull != OnFull.STOP) {
      throw new UsageException(
          "--on-full "
              + Choice.word(onFull)
              + ": with --beams a completion ends when the context is full");
    }
    if (numReturn < 1 || numReturn > beams) {
      throw new UsageException(
          "--num-return: must be from 1 to " + beams + " (--beams), found " + numReturn);
    }
    try {
      beams();
    } catch (GptException e) {
      throw new UsageException("--length-penalty: " + e.getMessage());
    }
  }
}
