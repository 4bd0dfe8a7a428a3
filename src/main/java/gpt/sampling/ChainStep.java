package gpt.sampling;

import java.util.Arrays;
import java.util.List;

/** The steps of the sampling chain, in the order in which they are taken. */
public enum ChainStep {
  /** Repetition penalty, on logits. */
  REPETITION_PENALTY("repetition-penalty"),
  /** Frequency and presence penalties together, on logits. */
  FREQUENCY_PRESENCE_PENALTY("frequency/presence-penalty"),
  /** What is added to logits. */
  LOGIT_BIAS("logit-bias"),
  /** The ban of what ends a text too early. */
  MIN_NEW_TOKENS("min-new-tokens"),
  /** Temperature; 0 leaves the likeliest id alone. */
  TEMPERATURE("temperature"),
  /** The likeliest k. */
  TOP_K("top-k"),
  /** The fewest that reach a probability. */
  TOP_P("top-p"),
  /** Those with a part of the likeliest one's probability. */
  MIN_P("min-p"),
  /** Those of typical information. */
  TYPICAL_P("typical-p");

  /** The steps that cut, in order. */
  static final List<ChainStep> FILTERS =
      Arrays.stream(values()).filter(ChainStep::isFilter).toList();

  private final String label;

  ChainStep(String label) {
    this.label = label;
  }

  /** Its name as the options have it. */
  public String label() {
    return label;
  }

  /** Its name as a key of JSON. */
  public String key() {
    return label.replaceAll("[-/]", "_");
  }

  /** Its name with the value that it has: {@code top-k 200}. */
  public String setting(SamplingParameters parameters) {
    return switch (this) {
      case FREQUENCY_PRESENCE_PENALTY, LOGIT_BIAS, MIN_NEW_TOKENS -> label;
      default -> label + " " + number(value(parameters));
    };
  }

  /** The value of a step that has one, on or off; NaN of the others. */
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

  /** A setting as one would write it: 1, not 1.0. */
  public static String number(double value) {
    return String.valueOf(value).replaceAll("\\.0$", "");
  }

  /** Whether it leaves ids out, and the others as likely to one another as they were. */
  public boolean isFilter() {
    return compareTo(TEMPERATURE) > 0;
  }

  /** Whether these parameters take the step: none is taken at its neutral value. */
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
