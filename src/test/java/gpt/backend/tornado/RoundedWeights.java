package gpt.backend.tornado;

import gpt.model.Precision;
import gpt.model.Tensor;
import gpt.model.Weights;

/** Weights whose matrices are rounded to a precision and converted back to f32. */
final class RoundedWeights {
  private final Precision precision;

  private RoundedWeights(Precision precision) {
    this.precision = precision;
  }

  static Weights of(Weights w, Precision precision) {
    RoundedWeights rounded = new RoundedWeights(precision);
    Tensor wte = rounded.matrix(w.wte());
    return new Weights(
        wte,
        w.wpe(),
        w.h().stream().map(rounded::block).toList(),
        w.lnF(),
        w.tied() ? wte : rounded.matrix(w.lmHead()));
  }

  private Weights.Block block(Weights.Block b) {
    return new Weights.Block(
        b.ln1(),
        new Weights.Attention(linear(b.attn().cAttn()), linear(b.attn().cProj())),
        b.ln2(),
        new Weights.Mlp(linear(b.mlp().cFc()), linear(b.mlp().cProj())));
  }

  private Weights.Linear linear(Weights.Linear l) {
    return new Weights.Linear(matrix(l.weight()), l.bias());
  }

  private Tensor matrix(Tensor t) {
    float[] values = t.toArray();
    for (int r = 0; r < t.rows(); r++) {
      float largest = 0;
      for (int i = r * t.columns(); i < (r + 1) * t.columns(); i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      for (int i = r * t.columns(); i < (r + 1) * t.columns(); i++) {
        values[i] = round(values[i], largest / 127);
      }
    }
    return Tensor.matrix(t.name(), t.rows(), t.columns(), values);
  }

  private float round(float value, float scale) {
    return switch (precision) {
      case F32 -> value;
      case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
      case BF16 -> throw new IllegalStateException("no device keeps bf16");
      case Q4, STORED ->
          throw new IllegalArgumentException("no device reads " + precision.word());
      case I8 -> scale == 0 ? 0 : Math.round(value / scale) * scale;
    };
  }
}
