package gpt.engine;

import java.util.Arrays;

/** Keeps what one head looks at, row by row, while a pass goes on. Rows may come in any order. */
public final class AttentionCapture {
  private final int layer;
  private final int head;
  private final float[][] rows; // (T, keys seen)

  /**
   * Nothing kept yet.
   *
   * @param t rows of the sequence in the pass
   */
  public AttentionCapture(int layer, int head, int t) {
    this.layer = layer;
    this.head = head;
    rows = new float[t][];
  }

  public boolean wants(int layer, int head) {
    return layer == this.layer && head == this.head;
  }

  /** Row i's weights are {@code seen} floats from {@code at} on. */
  public void keep(int i, float[] att, int at, int seen) {
    rows[i] = Arrays.copyOfRange(att, at, at + seen);
  }

  /** Hands over all rows, the first being the context's position {@code past}. */
  public void handOver(int past, Want.AttentionReader each) {
    for (int i = 0; i < rows.length; i++) {
      each.accept(past + i, rows[i]);
    }
  }
}
