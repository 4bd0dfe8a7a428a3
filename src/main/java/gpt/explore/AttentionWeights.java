package gpt.explore;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.Site;
import gpt.engine.Want;
import gpt.model.GptConfig;
import java.util.Arrays;

/** Computes attention weights, softmax(Q Kᵀ / √hs). */
public final class AttentionWeights {
  private AttentionWeights() {}

  /**
   * The weights of one head.
   *
   * @param ids 1 to block_size ids (T)
   * @param layer index of the block, from 0
   * @param head index of the head in it, from 0
   * @return (T, 1 to T): row i has the i + 1 weights of query i, whose sum is 1
   * @throws GptException if there is no such head, the logits are NaN or infinite, or the device's
   *     kernels do not store the weights
   */
  public static float[][] of(Engine engine, int[] ids, int layer, int head) {
    if (head < 0 || head >= engine.config().nHead()) {
      throw new GptException(
          "this model's heads go from 0 to " + (engine.config().nHead() - 1) + ", found " + head);
    }
    float[][] rows = Activations.of(engine, ids, Site.WEIGHTS, layer);
    for (int i = 0; i < rows.length; i++) {
      rows[i] = ofHead(rows[i], i, head);
    }
    return rows;
  }

  /**
   * The weights of all heads of all layers, in one forward pass.
   *
   * @param ids 1 to block_size ids (T)
   * @return (n_layer, nh, T, 1 to T)
   * @throws GptException as {@link #of}
   */
  public static float[][][][] ofAll(Engine engine, int[] ids) {
    GptConfig config = engine.config();
    float[][][][] weights = new float[config.nLayer()][config.nHead()][ids.length][];
    Activations.read(
        engine,
        ids,
        0,
        new Want.ProbeReader() {
          @Override
          public boolean wants(Site site, int layer) {
            return site == Site.WEIGHTS;
          }

          @Override
          public void accept(Site site, int layer, int pos, float[] values) {
            for (int head = 0; head < config.nHead(); head++) {
              weights[layer][head][pos] = ofHead(values, pos, head);
            }
          }
        });
    return weights;
  }

  /**
   * The mean or the maximum over the heads of a layer.
   *
   * @param heads (nh, T, 1 to T)
   * @param max the maximum; else the mean
   * @return (T, 1 to T)
   */
  public static float[][] over(float[][][] heads, boolean max) {
    float[][] rows = new float[heads[0].length][];
    for (int t = 0; t < rows.length; t++) {
      rows[t] = new float[t + 1];
      for (int s = 0; s <= t; s++) {
        double value = 0;
        for (float[][] head : heads) {
          value = max ? Math.max(value, head[t][s]) : value + head[t][s];
        }
        rows[t][s] = (float) (max ? value : value / heads.length);
      }
    }
    return rows;
  }

  private static float[] ofHead(float[] values, int pos, int head) {
    int keys = pos + 1;
    return Arrays.copyOfRange(values, head * keys, (head + 1) * keys);
  }
}
