package gpt.sampling;

import java.util.Arrays;
import java.util.List;

/** The steps of the sampling chain, in the order in which they run. */
public enum ChainStep {
  /** Repetition penalty, on logits. */
  REPETITION_PENALTY("repetition-penalty"),
  /** Frequency and presence penalties together, on logits. */
  FREQUENCY_PRESENCE_PENALTY("frequency/presence-penalty"),
  /** Logit bias: adds to logits. */
  LOGIT_BIAS("logit-bias"),
  /** Bans the stop ids while the completion is shorter than its minimum. */
  MIN_NEW_TOKENS("min-new-tokens"),
  /** Temperature; 0 is greedy. */
  TEMPERATURE("temperature"),
  /** Keeps the k likeliest tokens. */
  TOP_K("top-k"),
  /** Keeps the fewest likeliest tokens whose probabilities reach p. */
  TOP_P("top-p"),
  /** Keeps tokens at least p times as likely as the likeliest. */
  MIN_P("min-p"),
  /** Keeps tokens whose information is close to the entropy. */
  TYPICAL_P("typical-p");

  /** The filters, in order. */
  static final List<ChainStep> FILTERS =
      Arrays.stream(values()).filter(ChainStep::isFilter).toList();

  private final String label;

  ChainStep(String label) {
    this.label = label;
  }

  /** Name of the option: {@code top-k}. */
  public String label() {
    return label;
  }

  /** Name as a JSON key: {@code top_k}. */
  public String key() {
    return label.replaceAll("[-/]", "_");
  }

  /** Name and value: {@code top-k 200}. */
  public String setting(SamplingParameters parameters) {
    return switch (this) {
      case FREQUENCY_PRESENCE_PENALTY, LOGIT_BIAS, MIN_NEW_TOKENS -> label;
      default -> label + " " + number(value(parameters));
    };
  }

  /** The value of the step's parameter; NaN for steps without a single one. */
  public double value(SamplingParameters parameters) {
    return switch (this) {
      case REPETITION_PENALTY -> parameters.repetitionPenalty();
      case TEMPERATURE -> parameters.temperature();
      case TOP_K -> parameters.topK();
      case TOP_P -> parameters.topP();
      case MIN_P -> parameters.minP();
      case TYPICAL_P -> parameters.typicalP();
      case FREQUENCY_PRESENCE_PENALTY, LOGIT_BIAS, MIN_NEW_TOKENS -> Double.NaN;
    };
  }

  /** A number without a trailing {@code .0}. */
  public static String number(double value) {
    return String.valueOf(value).replaceAll("\\.0$", "");
  }

  /** Whether the step removes tokens and renormalizes the probabilities of the rest. */
  public boolean isFilter() {
    return compareTo(TEMPERATURE) > 0;
  }

  /** Whether the step is on: its parameter is not at its neutral value. */
  public boolean isOn(SamplingParameters parameters) {
    boolean draws = parameters.temperature() != 0;
    return switch (this) {
      case REPETITION_PENALTY -> parameters.repetitionPenalty() != 1;
      case FREQUENCY_PRESENCE_PENALTY ->
          parameters.frequencyPenalty() != 0 || parameters.presencePenalty() != 0;
      case LOGIT_BIAS -> !parameters.logitBias().isEmpty();
      case MIN_NEW_TOKENS -> parameters.minNewTokens() > 0;
      case TEMPERATURE -> parameters.temperature() != 1;
      case TOP_K -> draws && parameters.topK() > 0;
      case TOP_P -> draws && parameters.topP() < 1;
      case MIN_P -> draws && parameters.minP() > 0;
      case TYPICAL_P -> draws && parameters.typicalP() < 1;
    };
  }
}
