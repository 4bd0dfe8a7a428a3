package gpt.cli.options;

import gpt.GptException;
import gpt.OnFull;
import gpt.generate.Beams;
import java.util.List;
import java.util.function.Function;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Beam search in place of drawing. */
@OptionGroup.In(OptionGroup.BEAM_SEARCH)
public final class BeamOptions {
  /** What only matters where tokens are drawn, or where a text can go on for ever. */
  private static final List<String> NOT_WITH_BEAMS =
      List.of("--num-samples", "--logprobs", "--trace", "--plot");

  /** Sampling options that a search takes; all others are refused. */
  private static final List<String> WITH_BEAMS = List.of("--logit-bias", "--seed");

  @Option(
      names = "--beams",
      paramLabel = "N",
      description =
          "Draw nothing: search for the likeliest text with N beams, 1 to 64; it ends where the"
              + " context is full.")
  private Integer beams;

  @Option(
      names = "--length-penalty",
      paramLabel = "A",
      defaultValue = "1",
      description =
          "With --beams: a text's log-probability is divided by its length to this power; 0 is off,"
              + " more favours longer texts. Default: ${DEFAULT-VALUE}")
  private double lengthPenalty;

  @Option(
      names = "--num-return",
      paramLabel = "N",
      defaultValue = "1",
      description = "With --beams: texts to print, the best one first. Default: ${DEFAULT-VALUE}")
  private int numReturn;

  /** Whether beam search is wanted. */
  public boolean wanted() {
    return beams != null;
  }

  public Beams beams() {
    return new Beams(beams, lengthPenalty);
  }

  /** Texts to print. */
  public int texts() {
    return numReturn;
  }

  /**
   * Refuses options that contradict each other.
   *
   * @param given what stands on the command line
   * @param usage makes the error of a wrong command line
   */
  public void check(ParseResult given, Function<String, ParameterException> usage) {
    if (!wanted()) {
      for (String option : List.of("--length-penalty", "--num-return")) {
        if (given.hasMatchedOption(option)) {
          throw usage.apply(option + ": needs --beams");
        }
      }
      return;
    }
    if (beams < 1 || beams > Beams.MAX_BEAMS) {
      throw usage.apply("--beams: must be from 1 to " + Beams.MAX_BEAMS + ", found " + beams);
    }
    for (OptionSpec option : given.matchedOptions()) {
      String name = option.longestName();
      boolean sampling =
          OptionGroup.of(option) == OptionGroup.SAMPLING && !WITH_BEAMS.contains(name);
      if (sampling || NOT_WITH_BEAMS.contains(name)) {
        throw usage.apply(name + ": beam search has no use for it; leave it out, or --beams");
      }
    }
    if (given.matchedOptionValue("--on-full", null) == OnFull.SLIDE) {
      throw usage.apply("--on-full slide: with --beams texts end where the context is full");
    }
    if (numReturn < 1 || numReturn > beams) {
      throw usage.apply(
          "--num-return: must be from 1 to the " + beams + " of --beams, found " + numReturn);
    }
    try {
      beams();
    } catch (GptException e) {
      throw usage.apply("--length-penalty: " + e.getMessage());
    }
  }
}
