package gpt.kernels;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * The two forms of the GELU activation (Hendrycks and Gimpel, 2016), called by the epilogue of
 * {@link GeluProjection}. As a kernel of its own it would read and write every hidden channel once
 * more.
 *
 * <p>Example: of −1, 0, 1, 2 the exact form is −0.159, 0, 0.841, 1.954, the other one −0.159, 0,
 * 0.841, 1.955.
 *
 * <p>Read before: {@link LmHead}. After: {@link GeluProjection}.
 */
public final class Gelu {
  /** x · Φ(x): nanoGPT's {@code nn.GELU()}. */
  public static final int EXACT = 0;

  /** ½x(1 + tanh(√(2/π)(x + 0.044715x³))): OpenAI's GPT-2. */
  public static final int TANH = 1;

  private static final float SQRT_HALF = 0.7071067811865476f;
  private static final float SQRT_2_OVER_PI = 0.7978845608028654f;
  private static final float CUBIC = 0.044715f;

  /** From here on erf is ±1 in single precision. */
  private static final float ERF_LIMIT = 4f;

  /** e to the power of this is a finite float; kernels may not compute infinities. */
  private static final float EXP_LIMIT = 87f;

  private Gelu() {}

  /** GELU in either form; the form is a constant in the compiled kernel. */
  static float apply(int form, float x) {
    if (form == EXACT) {
      return 0.5f * x * (1 + erf(x * SQRT_HALF));
    }
    // tanh(u) = 1 − 2 / (1 + e²ᵘ), so GELU is x / (1 + e⁻²ᵘ).
    float u = SQRT_2_OVER_PI * (x + CUBIC * x * x * x);
    return x / (1 + TornadoMath.exp(TornadoMath.min(-2 * u, EXP_LIMIT)));
  }

  /** The error function, absolute error below 5e-7: x · P(x²) / Q(x²). TornadoVM has none. */
  static float erf(float x) {
    float c = TornadoMath.max(-ERF_LIMIT, TornadoMath.min(ERF_LIMIT, x));
    float s = c * c;
    float p = -2.72614225801306e-10f;
    p = p * s + 2.77068142495902e-08f;
    p = p * s - 2.10102402082508e-06f;
    p = p * s - 5.69250639462346e-05f;
    p = p * s - 7.34990630326855e-04f;
    p = p * s - 2.95459980854025e-03f;
    p = p * s - 1.60960333262415e-02f;
    float q = -1.45660718464996e-05f;
    q = q * s - 2.13374055278905e-04f;
    q = q * s - 1.68282697438203e-03f;
    q = q * s - 7.37332916720468e-03f;
    q = q * s - 1.42647390514189e-02f;
    return c * p / q;
  }
}
