package gpt.backend.cpu;

import gpt.engine.AttentionCapture;
import gpt.model.GptConfig;
import java.util.Arrays;

/** Attention of one head: softmax(Q Kᵀ / √hs) V, causal. */
final class HeadAttention {
  /** Queries of one head that a worker takes at once: their keys stay in its cache. */
  static final int QUERIES = 24;

  private final CpuKernels kernels;
  private final int c;
  private final int hs;
  private final float scale;
  private final float[][] scores; // per worker: (QUERIES, block_size in whole panels)

  HeadAttention(CpuKernels kernels, GptConfig config, int workers) {
    this.kernels = kernels;
    c = config.nEmbd();
    hs = config.headSize();
    scale = (float) (1 / Math.sqrt(hs));
    scores = new float[workers][QUERIES * wholePanels(config.blockSize())];
  }

  /**
   * Of some queries of one sequence, whose keys and values the cache has.
   *
   * @param past position of the first of them
   * @param queries how many, at most {@link #QUERIES}
   * @param qkv queries, keys, values side by side (rows, 3C)
   * @param row of qkv that has the first query
   * @param heads receives the heads' outputs side by side (rows, C)
   * @param out row of it for the first query
   * @param worker whose scratch is used
   * @param capture what is to be kept; null in an ordinary pass
   * @param from index for the capture of the first query
   */
  void head(
      KvCache cache,
      int layer,
      int head,
      int past,
      int queries,
      float[] qkv,
      int row,
      float[] heads,
      int out,
      int worker,
      AttentionCapture capture,
      int from) {
    int context = past + queries; // keys that the last query sees
    int stride = wholePanels(context);
    float[] att = scores[worker]; // (queries, stride): past the context, products of stale keys
    kernels.matmul(
        qkv,
        row * 3 * c + head * hs,
        3 * c,
        queries,
        cache.keys(layer),
        cache.keysAt(head),
        cache.keyPanelBytes(),
        hs,
        stride,
        att,
        0,
        stride);
    for (int i = 0; i < queries; i++) {
      int seen = past + i + 1;
      kernels.softmax(att, i * stride, seen, scale);
      if (capture != null && capture.wants(layer, head)) {
        capture.keep(from + i, att, i * stride, seen);
      }
      Arrays.fill(att, i * stride + seen, i * stride + context, 0);
    }
    kernels.matmul(
        att,
        0,
        stride,
        queries,
        cache.values(layer),
        cache.valuesAt(head),
        cache.valuePanelBytes(),
        context,
        hs,
        heads,
        out * c + head * hs,
        c);
  }

  /** Columns of as many panels as so many take: whole ones are faster than one that is cut off. */
  private int wholePanels(int columns) {
    return Math.ceilDiv(columns, kernels.panelWidth()) * kernels.panelWidth();
  }
}
