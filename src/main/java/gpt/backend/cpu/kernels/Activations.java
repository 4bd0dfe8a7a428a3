package gpt.backend.cpu.kernels;

/**
 * Rational and polynomial approximations of exp, erf and GELU in float32. {@link VectorKernels}
 * evaluates the same formulas with the same coefficients; results differ by rounding only.
 */
public final class Activations {
  /** √(2/π). */
  static final float SQRT_2_OVER_PI = 0.7978845608028654f;

  /** The cubic term of GELU's tanh form (Hendrycks and Gimpel, 2016). */
  static final float GELU_CUBIC = 0.044715f;

  /** 1/√2. */
  static final float SQRT_HALF = 0.7071067811865476f;

  /** exp clamps its argument to ± this: e^−87 and e^87 are within float's range. */
  static final float EXP_LIMIT = 87f;

  static final float LOG2_E = 1.4426950408889634f;

  /** ln 2 split into a short exact part and a remainder (Cody and Waite, 1980). */
  static final float LN2_HIGH = 0.693359375f;

  static final float LN2_LOW = -2.12194440e-4f;

  // exp(r) ≈ 1 + r + r² · (EXP0 + EXP1 r + …) on |r| ≤ ½ ln 2 (Cephes, expf).
  static final float EXP0 = 5.0000001201e-1f;
  static final float EXP1 = 1.6666665459e-1f;
  static final float EXP2 = 4.1665795894e-2f;
  static final float EXP3 = 8.3334519073e-3f;
  static final float EXP4 = 1.3981999507e-3f;
  static final float EXP5 = 1.9875691500e-4f;

  /** Adding and subtracting 1.5 · 2²³ rounds a float of small magnitude to the nearest integer. */
  static final float ROUND = 12582912f;

  /** erf is ±1 in float32 for |x| beyond this. */
  static final float ERF_LIMIT = 4f;

  // erf(x) ≈ x · P(x²) / Q(x²) on |x| ≤ 4.
  static final float ERF_P0 = -1.60960333262415e-02f;
  static final float ERF_P1 = -2.95459980854025e-03f;
  static final float ERF_P2 = -7.34990630326855e-04f;
  static final float ERF_P3 = -5.69250639462346e-05f;
  static final float ERF_P4 = -2.10102402082508e-06f;
  static final float ERF_P5 = 2.77068142495902e-08f;
  static final float ERF_P6 = -2.72614225801306e-10f;
  static final float ERF_Q0 = -1.42647390514189e-02f;
  static final float ERF_Q1 = -7.37332916720468e-03f;
  static final float ERF_Q2 = -1.68282697438203e-03f;
  static final float ERF_Q3 = -2.13374055278905e-04f;
  static final float ERF_Q4 = -1.45660718464996e-05f;

  private Activations() {}

  /** eˣ, relative error below 3e-7 for |x| ≤ 87. */
  static float exp(float x) {
    float c = Math.max(-EXP_LIMIT, Math.min(EXP_LIMIT, x));
    float shifted = c * LOG2_E + ROUND;
    float n = shifted - ROUND;
    float r = c - n * LN2_HIGH - n * LN2_LOW;
    float p = ((((EXP5 * r + EXP4) * r + EXP3) * r + EXP2) * r + EXP1) * r + EXP0;
    // The low bits of shifted are the integer n; shifted into the exponent field they give 2ⁿ.
    float power = Float.intBitsToFloat((Float.floatToRawIntBits(shifted) << 23) + (127 << 23));
    return (p * r * r + r + 1) * power;
  }

  /** The error function, absolute error below 5e-7. */
  static float erf(float x) {
    float c = Math.max(-ERF_LIMIT, Math.min(ERF_LIMIT, x));
    float s = c * c;
    float p =
        (((((ERF_P6 * s + ERF_P5) * s + ERF_P4) * s + ERF_P3) * s + ERF_P2) * s + ERF_P1) * s
            + ERF_P0;
    float q = (((ERF_Q4 * s + ERF_Q3) * s + ERF_Q2) * s + ERF_Q1) * s + ERF_Q0;
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
