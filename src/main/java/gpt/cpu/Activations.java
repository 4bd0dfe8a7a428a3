package gpt.cpu;

/**
 * Rational and polynomial approximations in float32, in plain Java. The Vector API kernels evaluate
 * the same formulas with the same coefficients, so that both give the same values to the last bits.
 */
final class Activations {
  /** √(2/π). */
  static final float SQRT_2_OVER_PI = 0.7978845608028654f;

  /** The cubic term of GELU's tanh form (Hendrycks and Gimpel, 2016). */
  static final float GELU_CUBIC = 0.044715f;

  /** 1/√2. */
  static final float SQRT_HALF = 0.7071067811865476f;

  /**
   * Below this exp is 0 and above minus this it is taken at the limit: both inside float's range.
   */
  static final float EXP_LIMIT = 87f;

  static final float LOG2_E = 1.4426950408889634f;

  /** ln 2 in two parts, the first exact in few bits (Cody and Waite, 1980). */
  static final float LN2_HIGH = 0.693359375f;

  static final float LN2_LOW = -2.12194440e-4f;

  /** exp(r) ≈ 1 + r + r² · P(r) on |r| ≤ ½ ln 2 (Cephes, expf). */
  static final float[] EXP = {
    1.9875691500e-4f,
    1.3981999507e-3f,
    8.3334519073e-3f,
    4.1665795894e-2f,
    1.6666665459e-1f,
    5.0000001201e-1f
  };

  /** Adding and subtracting 1.5 · 2²³ rounds a float of small magnitude to the nearest integer. */
  static final float ROUND = 12582912f;

  /** erf(x) ≈ x · P(x²) / Q(x²) on |x| ≤ 4, beyond which it is 1 in float32. */
  static final float ERF_LIMIT = 4f;

  static final float[] ERF_P = {
    -2.72614225801306e-10f,
    2.77068142495902e-08f,
    -2.10102402082508e-06f,
    -5.69250639462346e-05f,
    -7.34990630326855e-04f,
    -2.95459980854025e-03f,
    -1.60960333262415e-02f
  };

  static final float[] ERF_Q = {
    -1.45660718464996e-05f,
    -2.13374055278905e-04f,
    -1.68282697438203e-03f,
    -7.37332916720468e-03f,
    -1.42647390514189e-02f
  };

  private Activations() {}

  /** eˣ, relative error below 3e-7 for |x| ≤ 87. */
  static float exp(float x) {
    float c = Math.max(-EXP_LIMIT, Math.min(EXP_LIMIT, x));
    float n = (c * LOG2_E + ROUND) - ROUND;
    float r = c - n * LN2_HIGH - n * LN2_LOW;
    float p = EXP[0];
    for (int i = 1; i < EXP.length; i++) {
      p = p * r + EXP[i];
    }
    return (p * r * r + r + 1) * Float.intBitsToFloat(((int) n + 127) << 23);
  }

  /** The error function, absolute error below 5e-7. */
  static float erf(float x) {
    float c = Math.max(-ERF_LIMIT, Math.min(ERF_LIMIT, x));
    float s = c * c;
    float p = ERF_P[0];
    for (int i = 1; i < ERF_P.length; i++) {
      p = p * s + ERF_P[i];
    }
    float q = ERF_Q[0];
    for (int i = 1; i < ERF_Q.length; i++) {
      q = q * s + ERF_Q[i];
    }
    return c * p / q;
  }

  /** ½x(1 + erf(x/√2)). */
  static float geluExact(float x) {
    return 0.5f * x * (1 + erf(x * SQRT_HALF));
  }

  /** ½x(1 + tanh(u)), u = √(2/π)(x + 0.044715x³), written as x / (1 + e^(−2u)). */
  static float geluTanh(float x) {
    float u = SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x);
    return x / (1 + exp(-2 * u));
  }
}
