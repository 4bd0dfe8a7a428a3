package gpt.explore;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.sampling.InvalidLogitsException;
import java.util.List;

/** Computes the attention weights of a head. */
public final class AttentionWeights {
  private AttentionWeights() {}

  /**
   * Computes the attention weights of one head, softmax(Q Kᵀ / √hs).
   *
   * @param ids 1 to block_size ids (T)
   * @param layer index of the block, from 0
   * @param head index of the head in it, from 0
   * @return (T, 1 to T): row i has the i + 1 weights of query i, whose sum is 1
   * @throws GptException if there is no such head, the logits are NaN or infinite, or the device's
   *     kernels do not store the weights
   */
  public static float[][] of(Engine engine, int[] ids, int layer, int head) {
    inRange("layer", layer, engine.config().nLayer());
    inRange("head", head, engine.config().nHead());
    float[][] weights = new float[ids.length][];
    Want probe = new Want.Attention(layer, head, (pos, row) -> weights[pos] = row);
    int v = engine.config().vocabSize();
    Want check = new Want.Logits(1, (pos, row) -> InvalidLogitsException.check(row, v));
    try (Sequence sequence = engine.open()) {
      engine.step(List.of(new Work(sequence, ids, probe)));
      sequence.truncate(ids.length - 1);
      engine.step(List.of(new Work(sequence, new int[] {ids[ids.length - 1]}, check)));
    } catch (InvalidLogitsException e) {
      throw new GptException(e.getMessage(), e);
    } catch (UnsupportedOperationException e) {
      throw new GptException(
          engine.device() + "'s kernels do not store attention weights; use the cpu", e);
    }
    return weights;
  }

  private static void inRange(String what, int value, int size) {
    if (value < 0 || value >= size) {
      throw new GptException(
          "this model's " + what + "s go from 0 to " + (size - 1) + ", found " + value);
    }
  }
}
