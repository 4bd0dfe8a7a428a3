package gpt.backend.tornado;

import gpt.kernels.CrossEntropy;
import gpt.kernels.LayerNorm;
import gpt.kernels.LmHead;
import gpt.kernels.runtime.Feed;
import gpt.model.GptConfig;
import gpt.sampling.InvalidLogitsException;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The losses of given tokens as task graphs: from what the blocks left to one float a row, which is
 * all that comes back.
 *
 * <p>Behind the last block {@code normed} and {@code hidden} are free, and take the final norm's
 * rows and the logits: many rows at once cost no memory.
 */
final class LossGraph {
  private final DevicePlan plan;
  private final Graph select;
  private final Graph losses;
  private final Buffers s;

  /** What it works on, beside the forward pass's own. */
  static final class Buffers {
    /** Rows at once: as many as {@code hidden} has room for as logits. */
    final int rows;

    /** Whether the logits are in {@code hidden}; else they are where all others are. */
    final boolean inHidden;

    final IntArray request; // from the host; see Feed
    final IntArray targets; // (rows)
    final IntArray rowOf; // (rows)
    final IntArray slotOf; // (rows), which nobody reads
    final FloatArray losses; // (rows)

    /**
     * Allocates the host's twins of all buffers.
     *
     * @param logitRows rows that there is room for elsewhere
     */
    Buffers(GptConfig config, int logitRows) {
      long inside = (long) config.blockSize() * config.nInner() / config.vocabSize();
      inHidden = inside >= logitRows;
      rows = (int) Math.min(config.blockSize(), inHidden ? inside : logitRows);
      request = new IntArray(Feed.HEADER + 6 * rows);
      targets = new IntArray(rows);
      rowOf = new IntArray(rows);
      slotOf = new IntArray(rows);
      losses = new FloatArray(rows);
      request.init(0);
      targets.init(0);
      rowOf.init(0);
      slotOf.init(0);
      losses.init(0);
    }
  }

  /** Makes the graphs. */
  LossGraph(
      DevicePlan plan, KernelSet kernels, GptConfig config, DeviceWeights w, DeviceBuffers b) {
    this.plan = plan;
    s = b.loss;
    FloatArray logits = s.inHidden ? b.hidden : b.logits;
    float epsilon = (float) config.layerNormEpsilon();
    // The targets are fed as the rows of a next pass would be, which is never run.
    select = plan.graph("lossRows");
    select.add(
        "feed",
        kernels.feed(),
        new Feed.Arguments(
            s.request,
            b.pass,
            s.targets,
            b.positions,
            b.slots,
            s.rowOf,
            s.slotOf,
            b.sampling.parameters,
            s.rows,
            s.rows));
    plan.in(select, s.request);
    losses = plan.graph("losses");
    losses.add(
        "lnF", // (rows, C)
        kernels.layerNorm(),
        new LayerNorm.Arguments(
            b.pass,
            b.x,
            s.rowOf,
            w.lnFWeight,
            w.lnFBias,
            b.normed,
            s.rows,
            config.nEmbd(),
            epsilon,
            LayerNorm.Place.FINAL));
    losses.add(
        "lmHead", // (rows, V)
        kernels.projection(LmHead.VERSIONS, true),
        new LmHead.Arguments(b.pass, b.normed, w.lmHead, logits, s.rows, b.unused));
    losses.add(
        "crossEntropy", // (rows)
        kernels.crossEntropy(),
        new CrossEntropy.Arguments(
            b.pass, logits, s.targets, s.losses, s.rows, config.vocabSize()));
    plan.out(losses, s.losses);
  }

  /** Both. */
  List<Graph> all() {
    return List.of(select, losses);
  }

  /**
   * The losses of the pass that is on the device.
   *
   * @param from the first row of the pass that is wanted
   * @param targets the token that follows each row from there on
   * @param found the result, in nats; +∞ where the model gives no probability
   * @throws InvalidLogitsException where there are no losses, since logits are no numbers
   */
  void run(int from, int[] targets, double[] found) {
    for (int done = 0; done < targets.length; done += s.rows) {
      int rows = Math.min(s.rows, targets.length - done);
      s.request.set(0, rows);
      s.request.set(1, rows);
      s.request.set(2, 0);
      for (int r = 0; r < rows; r++) {
        s.request.set(Feed.HEADER + r, targets[done + r]);
        s.request.set(Feed.HEADER + 3 * s.rows + r, from + done + r);
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
      throw new InvalidLogitsException(SamplingBuffers.nothingToDraw((int) found));
    }
    return found >= CrossEntropy.IMPOSSIBLE ? Double.POSITIVE_INFINITY : found;
  }
}
