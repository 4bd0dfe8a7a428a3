package gpt.backend.cpu.kernels;

import gpt.GptException;

/**
 * Rounds 32 weights to a block of q4: integers from −8 to 7 and a scale. The weight of largest
 * magnitude becomes about −8, as in ggml's Q4_0: of three scales the one with the least squared
 * error is taken, which brought the demo's loss from 1.4197 nats to 1.4172 (f32: 1.4033). A table
 * has the squared errors of all three for a weight, so that one sum compares them.
 */
public final class Q4Encoder {
  private static final int BLOCK = QuantizedPanel.CHUNK;

  /** Weights must be smaller in magnitude: their scales fit into an f16. */
  private static final float LIMIT = 7680;

  /** What the weight of largest magnitude is divided by, to give the scale. */
  private static final float[] DIVISORS = {-8, -8.5f, -7.5f};

  /** Steps of {@link #ERRORS} from 0 to the largest magnitude. */
  private static final int STEPS = 256;

  /** Bits of a divisor's errors: the sum of a block fits. */
  private static final int ERROR_BITS = 21;

  private static final long ERROR_MASK = (1L << ERROR_BITS) - 1;

  /**
   * The errors of a weight from minus the one of largest magnitude to the same; the first divisor's
   * in the lowest bits.
   */
  private static final long[] ERRORS = new long[2 * STEPS + 1];

  static {
    for (int i = 0; i < ERRORS.length; i++) {
      double weight = (double) i / STEPS - 1;
      for (int d = 0; d < DIVISORS.length; d++) {
        double code = Math.clamp(Math.rint(weight * DIVISORS[d]), -8, 7);
        double error = code / DIVISORS[d] - weight;
        ERRORS[i] |= Math.round(error * error * (1 << ERROR_BITS)) << d * ERROR_BITS;
      }
    }
  }

  /** Bits of a float that is {@link ReducedPrecision#ROUNDER} plus an integer, for −8 and 7. */
  private static final int MIN = QuantizedRows.ROUNDER_BITS - 8;

  private static final int MAX = QuantizedRows.ROUNDER_BITS + 7;

  private final String name;
  private final float[] weights = new float[BLOCK];
  private final int[] words = new int[BLOCK / 8];

  /**
   * An encoder for the blocks of a tensor.
   *
   * @param name the tensor's name, for messages
   */
  public Q4Encoder(String name) {
    this.name = name;
  }

  /**
   * Rounds a block to the nearest.
   *
   * @param x weights, {@code stride} apart from index {@code at} on
   * @return the scale, as {@link ReducedPrecision#toF16} stores it
   * @throws GptException where a weight is out of range or NaN
   */
  short encode(float[] x, int at, int stride) {
    float extreme = extreme(x, at, stride);
    short scale = 0;
    float inverse = 0;
    if (Math.abs(extreme) > QuantizedRows.MIN_MAGNITUDE) {
      scale = ReducedPrecision.toF16(extreme / DIVISORS[divisor(extreme)], name);
      float value = ReducedPrecision.fromF16(scale);
      inverse = value == 0 ? 0 : 1 / value;
    }
    for (int i = 0; i < words.length; i++) {
      int word = 0;
      for (int j = 7; j >= 0; j--) {
        int bits = Float.floatToRawIntBits(weights[8 * i + j] * inverse + ReducedPrecision.ROUNDER);
        word = (word << 4) + Math.clamp(bits, MIN, MAX);
      }
      words[i] = word - MIN * 0x11111111;
    }
    return scale;
  }

  /** The integers of the block encoded last, plus 8: eight in a word. */
  int[] words() {
    return words;
  }

  /** Copies the weights and returns the one of largest magnitude. */
  private float extreme(float[] x, int at, int stride) {
    int most = Integer.MIN_VALUE;
    for (int i = 0, from = at; i < BLOCK; i++, from += stride) {
      weights[i] = x[from];
      // The magnitude's bits, then the sign: as unsigned integers in the order of magnitudes.
      int rotated = Integer.rotateLeft(Float.floatToRawIntBits(x[from]), 1);
      most = Math.max(most, rotated ^ Integer.MIN_VALUE);
    }
    float extreme = Float.intBitsToFloat(Integer.rotateRight(most ^ Integer.MIN_VALUE, 1));
    if (!(Math.abs(extreme) < LIMIT)) {
      throw new GptException(
          name
              + ": expected weights within ±7680 for q4, found "
              + extreme
              + "; use --dtype bf16 or f32");
    }
    return extreme;
  }

  /** Index of the divisor with the least squared error. */
  private int divisor(float extreme) {
    float inverse = STEPS / extreme;
    long sums = 0;
    long more = 0; // so that two additions are independent
    for (int i = 0; i < BLOCK; i += 2) {
      sums += ERRORS[index(weights[i] * inverse)];
      more += ERRORS[index(weights[i + 1] * inverse)];
    }
    sums += more;
    int best = 0;
    long least = Long.MAX_VALUE;
    for (int d = 0; d < DIVISORS.length; d++) {
      long error = sums >>> d * ERROR_BITS & ERROR_MASK;
      if (error < least) {
        least = error;
        best = d;
      }
    }
    return best;
  }

  /** Index in {@link #ERRORS} of a multiple of the largest magnitude, times {@link #STEPS}. */
  private static int index(float multiple) {
    return Float.floatToRawIntBits(multiple + ReducedPrecision.ROUNDER)
        - (QuantizedRows.ROUNDER_BITS - STEPS);
  }
}
