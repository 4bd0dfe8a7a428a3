package gpt.cpu;

import gpt.model.Backend;
import gpt.model.GptConfig;
import java.util.Arrays;
import java.util.Objects;

/** Keeps what one head looks at, row by row, while a pass goes on. Rows may come in any order. */
final class AttentionCapture {
  private final int layer;
  private final int head;
  private final float[][] rows; // (T, keys seen)

  /**
   * Nothing kept yet.
   *
   * @param t rows of the pass
   * @throws IndexOutOfBoundsException where the model has no such layer or head
   */
  AttentionCapture(GptConfig config, int layer, int head, int t) {
    this.layer = Objects.checkIndex(layer, config.nLayer());
    this.head = Objects.checkIndex(head, config.nHead());
    rows = new float[t][];
  }

  /** Whether all rows of that layer are needed. */
  boolean wants(int layer) {
    return layer == this.layer;
  }

  boolean wants(int layer, int head) {
    return layer == this.layer && head == this.head;
  }

  /** Row i's weights are {@code seen} floats from {@code at} on. */
  void keep(int i, float[] att, int at, int seen) {
    rows[i] = Arrays.copyOfRange(att, at, at + seen);
  }

  /** Hands over all rows, the first being the context's position {@code past}. */
  void tell(int past, Backend.AttentionRow each) {
    for (int i = 0; i < rows.length; i++) {
      each.accept(past + i, rows[i]);
    }
  }
}
