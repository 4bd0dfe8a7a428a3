package gpt.kernels;

import gpt.kernels.runtime.Unused;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Where a projection takes its x from. {@link WarpProjection} computes it from any source; the
 * other versions take it {@linkplain #plain as it is}, written by a launch of {@link LayerNorm} or
 * {@link AttentionMerge}.
 *
 * <p>Read before: {@link LayerNorm}, {@link AttentionMerge}. After: {@link WarpProjection}.
 *
 * @param kind how x is computed
 * @param x (R, K)
 * @param of what x is computed with: a norm's weights, or the partial results of attention
 * @param rows for lm_head's norm, the row of x for each logit row; for a merge, the position of
 *     each row in its context
 * @param epsilon of the norm
 * @param heads NH, for a merge
 * @param contextLength T, for a merge
 */
public record Source(
    Kind kind,
    FloatArray x,
    FloatArray of,
    IntArray rows,
    float epsilon,
    int heads,
    int contextLength) {

  /** How x is computed. */
  public enum Kind {
    /** It is there. */
    PLAIN,
    /** A layer norm. */
    NORMED,
    /** The chunks of split attention, merged. */
    MERGED
  }

  // Ordinals of Kind, which the kernel receives as an int.
  static final int PLAIN = 0;
  static final int NORMED = 1;
  static final int MERGED = 2;

  /**
   * Keys up to which the projection merges the chunks; rows with more keys are merged by a launch
   * of {@link AttentionMerge}. Every workgroup repeats the merge, and for 16 chunks that costs more
   * than the launch. The choice depends on the row alone, so that its bits do.
   */
  public static final int MERGED_KEYS = 256;

  /** x as it is. */
  public static Source plain(FloatArray x, Unused unused) {
    return new Source(Kind.PLAIN, x, unused.of(), unused.positions(), 0, 1, 1);
  }

  /**
   * x, normalized.
   *
   * @param weights gain and bias of each norm (L, 2, C)
   */
  public static Source normed(FloatArray x, FloatArray weights, float epsilon, Unused unused) {
    return normed(x, unused.positions(), weights, epsilon);
  }

  /** For lm_head: the rows {@code rowOf} of x, normalized. */
  public static Source normed(FloatArray x, IntArray rowOf, FloatArray weights, float epsilon) {
    return new Source(Kind.NORMED, x, weights, rowOf, epsilon, 1, 1);
  }

  /** The output of split attention; for rows with many keys, from {@code x}. */
  public static Source merged(FloatArray x, SplitAttention.Arguments split) {
    return new Source(
        Kind.MERGED,
        x,
        split.partial(),
        split.attention().positions(),
        0,
        split.attention().heads(),
        split.attention().contextLength());
  }

  /** x, for a version that computes nothing from it. */
  FloatArray asItIs() {
    if (kind != Kind.PLAIN) {
      throw new IllegalArgumentException("only rowPerWarp computes its x: " + kind);
    }
    return x;
  }

  /** One channel of the merge. */
  static float merged(FloatArray partial, int item, int position, int headSize, int contextLength) {
    int chunks = (contextLength + SplitAttention.CHUNK - 1) / SplitAttention.CHUNK;
    return AttentionMerge.merged(partial, item, position, headSize, chunks);
  }
}
