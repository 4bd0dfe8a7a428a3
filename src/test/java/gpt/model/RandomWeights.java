package gpt.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Seeded random weights for tests and benchmarks of a shape. */
public final class RandomWeights {
  private final GptConfig config;
  private final Random random;
  private final float scale;

  private RandomWeights(GptConfig config, long seed, float scale) {
    this.config = config;
    this.random = new Random(seed);
    this.scale = scale;
  }

  /**
   * Matrices from N(0, scale²), norms around 1, biases around 0.
   *
   * @param scale 0.02 as in GPT-2's initialization; larger values make every part of a small model
   *     affect the result
   */
  public static Weights of(GptConfig config, long seed, float scale) {
    return new RandomWeights(config, seed, scale).weights();
  }

  /** A shape with four times n_embd in the MLP. */
  public static GptConfig shape(
      int nLayer, int nHead, int nEmbd, int blockSize, int vocabSize, boolean bias, Gelu gelu) {
    return new GptConfig(nLayer, nHead, nEmbd, blockSize, vocabSize, 4 * nEmbd, bias, gelu, 1e-5);
  }

  private Weights weights() {
    int c = config.nEmbd();
    Tensor wte = matrix("wte", config.vocabSize(), c);
    Tensor wpe = matrix("wpe", config.blockSize(), c);
    List<Weights.Block> h = new ArrayList<>();
    for (int i = 0; i < config.nLayer(); i++) {
      h.add(
          new Weights.Block(
              norm(),
              new Weights.Attention(linear(3 * c, c), linear(c, c)),
              norm(),
              new Weights.Mlp(linear(config.nInner(), c), linear(c, config.nInner()))));
    }
    return new Weights(wte, wpe, h, norm(), wte);
  }

  private Weights.Linear linear(int out, int in) {
    // About half of the matrices are stored transposed, as Hugging Face does.
    Tensor weight =
        random.nextBoolean() ? matrix("weight", out, in) : matrix("weight", in, out).transposed();
    return new Weights.Linear(weight, bias(out));
  }

  private Weights.LayerNorm norm() {
    float[] weight = gaussian(config.nEmbd());
    for (int i = 0; i < weight.length; i++) {
      weight[i] += 1;
    }
    return new Weights.LayerNorm(Tensor.vector("weight", weight), bias(config.nEmbd()));
  }

  private Tensor bias(int n) {
    return config.bias() ? Tensor.vector("bias", gaussian(n)) : null;
  }

  private Tensor matrix(String name, int rows, int columns) {
    return Tensor.matrix(name, rows, columns, gaussian(rows * columns));
  }

  private float[] gaussian(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = scale * (float) random.nextGaussian();
    }
    return values;
  }
}
