package gpt.engine;

/** Collects the attention weights of all heads of a layer in a step, in any order. */
public final class AttentionCapture {
  private final int past;
  private final float[][] rows; // (T, nh * keys of the row)

  /**
   * An empty capture.
   *
   * @param heads nh
   * @param past position of the first row
   * @param t rows of the sequence in the step
   */
  public AttentionCapture(int heads, int past, int t) {
    this.past = past;
    rows = new float[t][];
    for (int i = 0; i < t; i++) {
      rows[i] = new float[heads * (past + i + 1)];
    }
  }

  /** Copies the weights of a head in row i, past + i + 1 floats of {@code att} from {@code at}. */
  public void keep(int head, int i, float[] att, int at) {
    int keys = past + i + 1;
    System.arraycopy(att, at, rows[i], head * keys, keys);
  }

  /** Passes all rows to the reader. */
  public void deliver(int layer, Want.ProbeReader reader) {
    for (int i = 0; i < rows.length; i++) {
      reader.accept(Site.WEIGHTS, layer, past + i, rows[i]);
    }
  }
}
