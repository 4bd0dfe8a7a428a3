package gpt.model;

import gpt.GptException;

/**
 * The shape of a GPT, with nanoGPT's names.
 *
 * @param nLayer transformer blocks
 * @param nHead attention heads per block; divides nEmbd
 * @param nEmbd channels C of the residual stream
 * @param blockSize context window in tokens
 * @param vocabSize rows of the token embedding, padding included
 * @param nInner channels of the MLP's hidden layer, 4·nEmbd in every published GPT-2
 * @param bias whether linear layers and norms have a bias
 * @param gelu form of the activation
 * @param layerNormEpsilon added to the variance in every norm
 */
public record GptConfig(
    int nLayer,
    int nHead,
    int nEmbd,
    int blockSize,
    int vocabSize,
    int nInner,
    boolean bias,
    Gelu gelu,
    double layerNormEpsilon) {

  /** Checks the values. */
  public GptConfig {
    positive("n_layer", nLayer);
    positive("n_head", nHead);
    positive("n_embd", nEmbd);
    positive("block_size", blockSize);
    positive("vocab_size", vocabSize);
    positive("n_inner", nInner);
    if (nEmbd % nHead != 0) {
      throw new GptException(
          "n_embd must be divisible by n_head: n_embd is " + nEmbd + ", n_head is " + nHead);
    }
    if (!(layerNormEpsilon >= 0 && layerNormEpsilon < 1)) {
      throw new GptException("layer_norm_epsilon must be in [0, 1), found " + layerNormEpsilon);
    }
  }

  /** Channels of one attention head. */
  public int headSize() {
    return nEmbd / nHead;
  }

  /** The same shape with another form of GELU. */
  public GptConfig withGelu(Gelu form) {
    return new GptConfig(
        nLayer, nHead, nEmbd, blockSize, vocabSize, nInner, bias, form, layerNormEpsilon);
  }

  private static void positive(String name, int value) {
    if (value < 1) {
      throw new GptException(name + " must be at least 1, found " + value);
    }
  }
}
