package gpt.engine;

import java.util.Arrays;

/** Collects the attention weights of one head during a step. Rows may be added in any order. */
public final class AttentionCapture {
  private final int layer;
  private final int head;
  private final float[][] rows; // (T, keys of the row)

  /**
   * An empty capture.
   *
   * @param layer index of the block
   * @param head index of the head in it
   * @param t rows of the sequence in the step
   */
  public AttentionCapture(int layer, int head, int t) {
    this.layer = layer;
    this.head = head;
    rows = new float[t][];
  }

  /** Whether this captures the given head. */
  public boolean wants(int layer, int head) {
    return layer == this.layer && head == this.head;
  }

  /** Copies row i's weights, {@code keys} floats of {@code att} from {@code at} on. */
  public void keep(int i, float[] att, int at, int keys) {
    rows[i] = Arrays.copyOfRange(att, at, at + keys);
  }

  /** Passes all rows to the reader; the first is at position {@code past} of the sequence. */
  public void deliver(int past, Want.AttentionReader reader) {
    for (int i = 0; i < rows.length; i++) {
      reader.accept(past + i, rows[i]);
    }
  }
}
