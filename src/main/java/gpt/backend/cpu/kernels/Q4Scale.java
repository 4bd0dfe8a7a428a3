package gpt.backend.cpu.kernels;

import gpt.GptException;

/**
 * Chooses the scale of 32 weights in q4. The weight of largest magnitude becomes about −8, as in
 * ggml's Q4_0: of three scales the one with the least squared error is taken, which brought the
 * demo's loss from 1.4197 nats to 1.4175 (f32: 1.4033). A block that is 4-bit already, as in a file
 * of type Q4_0, keeps its values.
 */
public final class Q4Scale {
  private static final int BLOCK = Q4Panel.BLOCK;

  /** Weights must be smaller in magnitude: their scales fit into an f16. */
  private static final float LIMIT = 7680;

  /** What the weight of largest magnitude is divided by. */
  private static final float[] DIVISORS = {-8, -8.5f, -7.5f};

  private final String name;
  private final boolean quantized;
  private final float[] weights = new float[BLOCK];

  /**
   * A choice for the blocks of a tensor.
   *
   * @param name the tensor's name, for messages
   * @param quantized whether the tensor is stored in blocks of integers
   */
  public Q4Scale(String name, boolean quantized) {
    this.name = name;
    this.quantized = quantized;
  }

  /**
   * The scale, as {@link ReducedPrecision#toF16} stores it.
   *
   * @param tile weights, {@code stride} apart from index {@code at} on
   * @throws GptException where a weight is out of range or NaN
   */
  short of(float[] tile, int at, int stride) {
    float extreme = 0;
    for (int i = 0; i < BLOCK; i++) {
      weights[i] = tile[at + i * stride];
      if (!(Math.abs(weights[i]) < LIMIT)) {
        throw new GptException(
            name
                + ": expected weights within ±7680 for q4, found "
                + weights[i]
                + "; use --dtype bf16 or f32");
      }
      if (Math.abs(weights[i]) > Math.abs(extreme)) {
        extreme = weights[i];
      }
    }
    return extreme == 0 ? 0 : best(extreme);
  }

  private short best(float extreme) {
    if (quantized) {
      for (int integer = -8; integer < 8; integer++) {
        short scale = ReducedPrecision.toF16(integer == 0 ? 0 : extreme / integer, name);
        if (error(scale) == 0) {
          return scale;
        }
      }
    }
    short best = 0;
    float least = Float.POSITIVE_INFINITY;
    for (float divisor : DIVISORS) {
      short scale = ReducedPrecision.toF16(extreme / divisor, name);
      float error = error(scale);
      if (error < least) {
        least = error;
        best = scale;
      }
    }
    return best;
  }

  /** Squared error of the block with a scale. */
  private float error(short stored) {
    float scale = ReducedPrecision.fromF16(stored);
    float inverse = inverse(scale);
    float sum = 0;
    for (float weight : weights) {
      float error = quantize(weight, inverse) * scale - weight;
      sum += error * error;
    }
    return sum;
  }

  /** What a weight is multiplied by to give its integer. */
  static float inverse(float scale) {
    return scale == 0 ? 0 : 1 / scale;
  }

  /** The nearest integer from −8 to 7. */
  static int quantize(float weight, float inverse) {
    float rounded = Math.clamp(weight * inverse, -8, 7) + ReducedPrecision.ROUNDER;
    return Float.floatToRawIntBits(rounded) - QuantizedRows.ROUNDER_BITS;
  }
}
