package gpt.backend.tornado;

import gpt.kernels.CrossEntropy;
import gpt.kernels.LayerNorm;
import gpt.kernels.LmHead;
import gpt.kernels.Source;
import gpt.kernels.runtime.Feed;
import gpt.model.GptConfig;
import gpt.sampling.InvalidLogitsException;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Cross-entropy losses of target tokens as task graphs, from the last block's output to one float
 * for each row, which alone is copied back.
 *
 * <p>After the last block {@code normed} and {@code hidden} are free: they hold the final norm's
 * output and the logits, so many rows at once need no extra memory.
 */
final class LossGraph {
  private final DevicePlan plan;
  private final Graph select;
  private final Graph losses;
  private final Buffers s;

  /** The arrays that only losses need. */
  static final class Buffers {
    /** Rows computed at once: those whose logits fit into {@code hidden}. */
    final int rows;

    /** Whether the logits go to {@code hidden}; otherwise to {@code logits}. */
    final boolean inHidden;

    final RowRequest request; // from the host
    final IntArray targets; // (rows)
    final IntArray rowOf; // (rows)
    final IntArray slotOf; // (rows), not read
    final FloatArray losses; // (rows)

    /**
     * Allocates the host-side arrays.
     *
     * @param logitRows rows that {@code logits} has room for
     */
    Buffers(GptConfig config, int logitRows) {
      long inside = (long) config.blockSize() * config.nInner() / config.vocabSize();
      inHidden = inside >= logitRows;
      rows = (int) Math.min(config.blockSize(), inHidden ? inside : logitRows);
      request = new RowRequest(rows, rows);
      targets = new IntArray(rows);
      rowOf = new IntArray(rows);
      slotOf = new IntArray(rows);
      losses = new FloatArray(rows);
      targets.init(0);
      rowOf.init(0);
      slotOf.init(0);
      losses.init(0);
    }
  }

  /** Builds the graphs. */
  LossGraph(
      DevicePlan plan, KernelSet kernels, GptConfig config, DeviceWeights w, DeviceBuffers b) {
    this.plan = plan;
    s = b.loss;
    FloatArray logits = s.inHidden ? b.hidden : b.logits;
    float epsilon = (float) config.layerNormEpsilon();
    // Targets are uploaded as the tokens of a pass that never runs.
    select = plan.graph("lossRows");
    select.add(
        "feed",
        kernels.feed(),
        new Feed.Arguments(
            s.request.array(),
            b.pass,
            s.targets,
            b.positions,
            b.slots,
            s.rowOf,
            s.slotOf,
            b.sampling.parameters,
            s.rows,
            s.rows));
    plan.in(select, s.request.array());
    losses = plan.graph("losses");
    losses.add(
        "lnF", // (rows, C)
        kernels.layerNorm(),
        new LayerNorm.Arguments(
            b.pass,
            b.x,
            s.rowOf,
            w.lnF,
            b.normed,
            s.rows,
            config.nEmbd(),
            epsilon,
            LayerNorm.Place.FINAL));
    losses.add(
        "lmHead", // (rows, V)
        kernels.projection(LmHead.VERSIONS, true, config.nEmbd()),
        new LmHead.Arguments(
            b.pass, Source.plain(b.normed, b.unused), w.lmHead, logits, s.rows, b.unused));
    losses.add(
        "crossEntropy", // (rows)
        kernels.crossEntropy(),
        new CrossEntropy.Arguments(
            b.pass, logits, s.targets, s.losses, s.rows, config.vocabSize()));
    plan.out(losses, s.losses);
  }

  /**
   * The losses of rows of the pass on the device.
   *
   * @param from first row
   * @param targets the next token of each row from {@code from} on
   * @param found receives the losses in nats; +∞ where the target's probability is 0
   * @throws InvalidLogitsException if logits are NaN or infinite
   */
  void run(int from, int[] targets, double[] found) {
    for (int done = 0; done < targets.length; done += s.rows) {
      int rows = Math.min(s.rows, targets.length - done);
      s.request.begin();
      for (int r = 0; r < rows; r++) {
        s.request.row(targets[done + r], 0, 0);
        s.request.logitRow(from + done + r, 0);
      }
      plan.run(select, rows);
      plan.run(losses, rows);
      for (int r = 0; r < rows; r++) {
        found[done + r] = loss(s.losses.get(r));
      }
    }
  }

  private static double loss(float found) {
    if (found < 0) {
      throw new InvalidLogitsException(SamplingBuffers.message((int) found));
    }
    return found >= CrossEntropy.IMPOSSIBLE ? Double.POSITIVE_INFINITY : found;
  }
}
