package gpt.sampling;

/**
 * The parameters as the chain's arithmetic takes them, worked out once, in double precision. The
 * host and the devices compute with these and nothing else, so that they cannot differ.
 *
 * @param penalty the repetition penalty, a factor of logits up to 0; 1 is off
 * @param inversePenalty its inverse, a factor of logits above 0
 * @param frequencyUnits the frequency penalty in units of 2⁻¹⁶
 * @param presenceUnits the presence penalty in units of 2⁻¹⁶
 * @param frequencyLimit the frequency penalty counts an id so often at most, by when it comes to
 *     about 2¹⁴; so the units of any text fit an int
 * @param bitsPerLogit log₂(e) / temperature: the bits of a distance that a difference of 1 between
 *     logits makes; at temperature 0 of no use
 * @param topK at most so many ids stay, ties aside; 0 is off
 * @param topPFraction top-p in units of 2⁻³⁰, rounded up; 2³⁰ is off
 * @param minPLimit the largest distance that stays
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

  /** A fraction that leaves everything in. */
  public static final int FRACTION_ONE = 1 << Weight.FRACTION_BITS;

  private static final double LOG2_E = 1.4426950408889634;

  /** The bits of a logit's difference are no more than these, so that they stay finite. */
  private static final double MAX_BITS_PER_LOGIT = 1e30;

  /** The units of the frequency penalty are no more than these. */
  private static final int MAX_PENALTY_UNITS = 1 << 30;

  /** The constants of a chain. */
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
    // The same on every JVM, which Math.log need not be; infinite at 0.
    double distance = -StrictMath.log(minP) / StrictMath.log(2) * 0x1p24;
    return (int) Math.min(Math.floor(distance), Weight.MASKED_DISTANCE - 1);
  }
}
