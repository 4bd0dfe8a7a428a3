package gpt.explore;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.sampling.InvalidLogitsException;
import java.util.List;

/** Reads what the tokens of a text attend to. */
public final class AttentionWeights {
  private AttentionWeights() {}

  /**
   * The attention weights of one head.
   *
   * @param ids the text, 1 to block_size ids
   * @param layer index of the block, 0 being the first
   * @param head index of the head in it
   * @return for each token the weights of the tokens up to itself, which sum to 1
   * @throws GptException where there is no such head, the model gives no numbers, or the device's
   *     kernels never hold the weights
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
          engine.device() + "'s kernels never hold attention's weights; take the cpu", e);
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
