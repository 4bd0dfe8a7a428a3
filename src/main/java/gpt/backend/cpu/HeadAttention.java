package gpt.backend.cpu;

import gpt.backend.cpu.kernels.CpuKernels;
import gpt.engine.AttentionCapture;
import gpt.model.GptConfig;
import java.util.Arrays;

/**
 * Causal attention of one head, softmax(Q Kᵀ / √hs) V, as two products with the packed KV cache.
 * The scores of a tile of queries stay in the worker's cache between them.
 */
final class HeadAttention {
  /** Queries of a tile at most; the keys are read once for all of them. */
  static final int MAX_QUERIES = 24;

  private final CpuKernels kernels;
  private final int c;
  private final int hs;
  private final float scale;
  private final float[][] scores; // per worker: (MAX_QUERIES, block_size in whole panels)

  HeadAttention(CpuKernels kernels, GptConfig config, int workers) {
    this.kernels = kernels;
    c = config.nEmbd();
    hs = config.headSize();
    scale = (float) (1 / Math.sqrt(hs));
    scores = new float[workers][MAX_QUERIES * wholePanels(config.blockSize())];
  }

  /**
   * Attention of consecutive queries of one sequence; the cache holds their keys and values
   * already.
   *
   * @param past position of the first query
   * @param queries number of queries, at most {@link #MAX_QUERIES}
   * @param qkv queries, keys, values concatenated (rows, 3C)
   * @param row the first query's row of {@code qkv}
   * @param heads receives the heads' outputs, concatenated (rows, C)
   * @param out the first query's row of {@code heads}
   * @param worker index of the calling worker, which selects the scratch
   * @param capture receives the attention weights; null where no one wants them
   * @param from index of the first query in {@code capture}
   */
  void attend(
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
    int context = past + queries; // keys that the last query attends to
    int stride = wholePanels(context);
    float[] att = scores[worker]; // (queries, stride); columns past the context are padding
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
      if (capture != null) {
        capture.keep(head, from + i, att, i * stride);
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

  /** Rounds up to whole panels, which are faster than a partial one. */
  private int wholePanels(int columns) {
    return Math.ceilDiv(columns, kernels.panelWidth()) * kernels.panelWidth();
  }
}
