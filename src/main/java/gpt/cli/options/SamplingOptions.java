package gpt.cli.options;

import gpt.GptException;
import gpt.sampling.SamplingParameters;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** How the next token is sampled; the defaults are those of nanoGPT's sample.py. */
@OptionGroup.In(OptionGroup.SAMPLING)
public final class SamplingOptions {
  private static final String DEFAULT_TEMPERATURE = "0.8";

  private static final Pattern BIAS = Pattern.compile("\\s*(\\d{1,9})\\s*=\\s*(\\S+)\\s*");

  @Option(
      names = {"-t", "--temperature"},
      paramLabel = "T",
      description =
          "Sampling temperature: 1 keeps the model's probabilities, lower values favour likely"
              + " tokens, 0 is greedy. Default: "
              + DEFAULT_TEMPERATURE)
  private Double temperature;

  @Option(
      names = "--greedy",
      description = "Always take the most likely token, as with --temperature 0.")
  private boolean greedy;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      defaultValue = "200",
      description =
          "Sample from the K most likely tokens only; 0 is off. Default: ${DEFAULT-VALUE}")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      defaultValue = "1",
      description =
          "Nucleus sampling: sample from the smallest set of most likely tokens whose probabilities"
              + " add up to P; 1 is off. Default: ${DEFAULT-VALUE}")
  private double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      defaultValue = "0",
      description =
          "Sample from tokens with at least P times the probability of the most likely one; 0 is"
              + " off. Default: ${DEFAULT-VALUE}")
  private double minP;

  @Option(
      names = "--typical-p",
      paramLabel = "P",
      defaultValue = "1",
      description =
          "Locally typical sampling: sample from the tokens whose information content is closest"
              + " to the entropy and whose probabilities add up to P; 1 is off."
              + " Default: ${DEFAULT-VALUE}")
  private double typicalP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      defaultValue = "1",
      description =
          "For tokens in the prompt or in the generated text, divide positive logits by X and"
              + " multiply negative ones by X; 1 is off. Default: ${DEFAULT-VALUE}")
  private double repetitionPenalty;

  @Option(
      names = "--frequency-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description =
          "Subtract X from a token's logit for each time it was generated; 0 is off."
              + " Default: ${DEFAULT-VALUE}")
  private double frequencyPenalty;

  @Option(
      names = "--presence-penalty",
      paramLabel = "X",
      defaultValue = "0",
      description =
          "Subtract X once from the logit of each token that was generated; 0 is off."
              + " Default: ${DEFAULT-VALUE}")
  private double presencePenalty;

  @Option(
      names = "--logit-bias",
      paramLabel = "ID=X",
      description = "Add X to a token's logit; -inf bans it. Can be given several times.")
  private List<String> logitBias = List.of();

  @OptionGroup.In(OptionGroup.LENGTH)
  @Option(
      names = "--min-new-tokens",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Ban the tokens that end a text until N tokens are generated. Default: ${DEFAULT-VALUE}")
  private int minNewTokens;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1337",
      description =
          "Random seed: the same seed gives the same text. Default: ${DEFAULT-VALUE}, as in"
              + " nanoGPT's sample.py")
  private long seed;

  /** Whether {@code --temperature} or {@code --greedy} is given. */
  public boolean hasTemperature() {
    return greedy || temperature != null;
  }

  public long seed() {
    return seed;
  }

  /** The parameters of sampling. */
  public SamplingParameters parameters(int maxNewTokens) {
    if (greedy && temperature != null && temperature != 0) {
      throw new UsageException(
          "--greedy and --temperature " + temperature + " contradict each other");
    }
    if (minNewTokens > maxNewTokens) {
      throw new UsageException(
          "--min-new-tokens " + minNewTokens + " is more than --max-new-tokens " + maxNewTokens);
    }
    try {
      return new SamplingParameters(
          repetitionPenalty,
          frequencyPenalty,
          presencePenalty,
          biases(),
          minNewTokens,
          temperature(),
          topK,
          topP,
          minP,
          typicalP,
          seed);
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage());
    }
  }

  /** As {@link #parameters}, for beam search: only logit biases and the minimum length remain. */
  public SamplingParameters forSearch(int maxNewTokens) {
    return parameters(maxNewTokens).forSearch();
  }

  private double temperature() {
    if (greedy) {
      return 0;
    }
    return temperature == null ? Double.parseDouble(DEFAULT_TEMPERATURE) : temperature;
  }

  private TreeMap<Integer, Double> biases() {
    TreeMap<Integer, Double> biases = new TreeMap<>();
    for (String each : logitBias) {
      Matcher matcher = BIAS.matcher(each);
      Double bias = matcher.matches() ? number(matcher.group(2)) : null;
      if (bias == null) {
        throw new IllegalArgumentException(
            "--logit-bias: expected ID=X with a number or -inf, as 5=-1.5, found '" + each + "'");
      }
      int id = Integer.parseInt(matcher.group(1));
      if (biases.put(id, bias) != null) {
        throw new IllegalArgumentException("--logit-bias: id " + id + " is given twice");
      }
    }
    return biases;
  }

  private static Double number(String text) {
    if (text.equals("-inf")) {
      return Double.NEGATIVE_INFINITY;
    }
    try {
      double number = Double.parseDouble(text);
      return Double.isFinite(number) ? number : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  /** Refuses biases for ids outside the model's vocabulary. */
  public static void checkIds(SamplingParameters parameters, int vocabSize) {
    for (int id : parameters.logitBias().keySet()) {
      if (id >= vocabSize) {
        throw new GptException(
            "--logit-bias: this model's ids go from 0 to " + (vocabSize - 1) + ", found " + id);
      }
    }
  }
}
