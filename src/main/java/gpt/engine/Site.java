package gpt.engine;

import gpt.GptException;
import gpt.model.GptConfig;
import java.util.Locale;

/**
 * A place in a transformer block whose activations a {@link Want.Probe} reads. Shapes are those of
 * one token: C channels, nh heads of hs channels.
 */
public enum Site {
  /**
   * The residual stream that enters a block (C); 0 is the sum of the embeddings, n_layer the output
   * of the last block.
   */
  RESID,
  /** The layer norm of that stream, the input of attention (C). */
  LN1,
  /** Queries of all heads (nh, hs). */
  Q,
  /** Keys of all heads (nh, hs). */
  K,
  /** Values of all heads (nh, hs). */
  V,
  /** Attention weights softmax(Q Kᵀ / √hs) of all heads (nh, pos + 1); each head's sum is 1. */
  WEIGHTS,
  /** What attention adds to the residual stream: the output of its projection (C). */
  ATTN,
  /** What the MLP adds to the residual stream (C). */
  MLP;

  /** The name on the command line and in JSON: {@code resid}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Number of layers that have it: n_layer, and one more for {@link #RESID}. */
  public int layers(GptConfig config) {
    return config.nLayer() + (this == RESID ? 1 : 0);
  }

  /**
   * Checks the index of a layer.
   *
   * @throws GptException if this site has no such layer
   */
  public void check(GptConfig config, int layer) {
    if (layer < 0 || layer >= layers(config)) {
      throw new GptException(
          "this model's layers go from 0 to "
              + (layers(config) - 1)
              + (this == RESID ? " at resid" : "")
              + ", found "
              + layer);
    }
  }
}
