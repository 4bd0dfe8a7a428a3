package gpt.sampling;

/**
 * The sampling parameters in the units of the chain's arithmetic, computed once in double
 * precision. The host and the devices use only these, so that they cannot differ.
 *
 * @param penalty repetition penalty: multiplies the logits ≤ 0 of seen tokens; 1 is off
 * @param inversePenalty its inverse: multiplies the logits > 0
 * @param frequencyUnits the frequency penalty in units of 2⁻¹⁶
 * @param presenceUnits the presence penalty in units of 2⁻¹⁶
 * @param frequencyLimit upper bound of the count that the frequency penalty is multiplied by, so
 *     that the product, then about 2¹⁴, fits an int in these units
 * @param bitsPerLogit log₂(e) / temperature: converts a difference of logits to bits; not used at
 *     temperature 0
 * @param topK number of likeliest tokens to keep, plus ties; 0 is off
 * @param topPFraction top-p in units of 2⁻³⁰, rounded up; 2³⁰ is off
 * @param minPLimit the largest distance that min-p keeps
 * @param typicalPFraction typical-p in units of 2⁻³⁰, rounded up; 2³⁰ is off
 */
public record ChainConstants(
    float penalty,
    float inversePenalty,
    int frequencyUnits,
    int presenceUnits,
    int frequencyLimit,
    float bitsPerLogit,
    int topK,
    int topPFraction,
    int minPLimit,
    int typicalPFraction) {

  /** The fraction 1: top-p or typical-p is off. */
  public static final int FRACTION_ONE = 1 << Weight.FRACTION_BITS;

  private static final double LOG2_E = 1.4426950408889634;

  /** Bound of bitsPerLogit, which keeps products with it finite. */
  private static final double MAX_BITS_PER_LOGIT = 1e30;

  /** Bound of the frequency penalty times the count, in units of 2⁻¹⁶. */
  private static final int MAX_PENALTY_UNITS = 1 << 30;

  /** Converts parameters. */
  public static ChainConstants of(SamplingParameters parameters) {
    int frequencyUnits = units(parameters.frequencyPenalty());
    return new ChainConstants(
        (float) parameters.repetitionPenalty(),
        (float) (1 / parameters.repetitionPenalty()),
        frequencyUnits,
        units(parameters.presencePenalty()),
        MAX_PENALTY_UNITS / Math.max(1, Math.abs(frequencyUnits)),
        (float) Math.min(LOG2_E / parameters.temperature(), MAX_BITS_PER_LOGIT),
        parameters.topK(),
        fraction(parameters.topP()),
        minPLimit(parameters.minP()),
        fraction(parameters.typicalP()));
  }

  private static int units(double penalty) {
    return (int) Math.round(penalty * 0x1p16);
  }

  private static int fraction(double probability) {
    return (int) Math.ceil(probability * FRACTION_ONE);
  }

  private static int minPLimit(double minP) {
    // StrictMath: the same bits on every JVM. Infinite at 0.
    double distance = -StrictMath.log(minP) / StrictMath.log(2) * 0x1p24;
    return (int) Math.min(Math.floor(distance), Weight.MASKED_DISTANCE - 1);
  }
}
