package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.SplitAttention;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.SlotCopy;
import gpt.kernels.runtime.Unused;
import gpt.model.GptConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What a forward pass works on, all of it on the device: the rows of the pass, activations, keys
 * and values, logits. Only {@link #request} goes to the device after loading, {@link #copies} where
 * contexts are copied, and the tokens whose losses are wanted; only {@link #chosen} comes back, or
 * {@link #logits} or losses where they are asked for.
 */
final class DeviceBuffers {
  /** Positions whose logits are computed at once where all are wanted. */
  static final int LOGIT_ROWS = 8;

  final int maxRows;
  final int maxLogitRows;

  final RowRequest request; // rows of the next pass, from the host
  final IntArray copies; // contexts to copy, from the host; see SlotCopy
  final IntArray pass; // see Pass
  final IntArray tokens; // (R)
  final IntArray positions; // (R)
  final IntArray slots; // (R)
  final IntArray rowOf; // (logit rows)
  final IntArray slotOf; // (logit rows)
  final IntArray chosen; // (B)

  final FloatArray x; // (R, C): the residual stream
  final FloatArray normed; // (R, C)
  final FloatArray q; // (R, C)
  final FloatArray heads; // (R, nh, hs): attention's output, heads side by side
  final FloatArray hidden; // (R, nInner)
  final FloatArray keyCache; // (L, B, nh, hs, block_size)
  final FloatArray valueCache; // (L, B, nh, block_size, hs)
  final FloatArray partial; // (R, nh, chunks, hs + 2): see SplitAttention
  final FloatArray normedLast; // (logit rows, C)
  final FloatArray logits; // (logit rows, V)
  final Unused unused = Unused.create();
  final SamplingBuffers sampling;
  final LossGraph.Buffers loss;

  /**
   * Allocates the host's twins of all buffers.
   *
   * @param kernels what the device gets
   * @param samples B, contexts at once
   * @param split rows that split attention is used for; 0 is none
   * @param logprobs log-probabilities of each token, or candidates, that may be asked for
   */
  DeviceBuffers(GptConfig config, KernelSet kernels, int samples, int split, int logprobs) {
    maxRows = maxRows(config, samples);
    maxLogitRows = maxLogitRows(config, samples);
    int c = config.nEmbd();
    request = new RowRequest(maxRows, maxLogitRows);
    copies = ints(SlotCopy.SOURCES + samples);
    pass = ints(Pass.SIZE);
    tokens = ints(maxRows);
    positions = ints(maxRows);
    slots = ints(maxRows);
    rowOf = ints(maxLogitRows);
    slotOf = ints(maxLogitRows);
    chosen = ints(samples);
    x = floats((long) maxRows * c);
    normed = floats((long) maxRows * c);
    q = floats((long) maxRows * c);
    heads = floats((long) maxRows * c);
    hidden = floats((long) maxRows * config.nInner());
    keyCache = floats(cacheElements(config, samples));
    valueCache = floats(cacheElements(config, samples));
    partial = floats(Math.max(1, partialElements(config, split)));
    normedLast = floats((long) maxLogitRows * c);
    logits = floats((long) maxLogitRows * config.vocabSize());
    sampling = new SamplingBuffers(kernels, samples, config.vocabSize(), logprobs);
    loss = new LossGraph.Buffers(config, maxLogitRows);
  }

  /** Those that hold floats, but for the cache, which is among them last. */
  List<FloatArray> floats() {
    List<FloatArray> all = new ArrayList<>(sampling.floats());
    all.add(loss.losses);
    all.addAll(List.of(x, normed, q, heads, hidden, partial, normedLast, logits));
    all.addAll(List.of(unused.bias(), unused.keys(), unused.values(), keyCache, valueCache));
    return all;
  }

  /**
   * Those that hold ints, but for {@link #pass}, and the requests, which one graph alone has each.
   */
  List<IntArray> ints() {
    List<IntArray> all = new ArrayList<>(sampling.ints());
    all.addAll(List.of(loss.targets, loss.rowOf, loss.slotOf));
    all.addAll(List.of(tokens, positions, slots, rowOf, slotOf, chosen));
    all.addAll(List.of(unused.positions(), unused.slots()));
    return all;
  }

  /** Copies a row of {@link #logits} that has come back (V). */
  void read(int row, float[] to) {
    MemorySegment.copy(
        logits.getSegment(), ValueLayout.JAVA_FLOAT, 4L * row * to.length, to, 0, to.length);
  }

  static int maxRows(GptConfig config, int samples) {
    return Math.max(config.blockSize(), samples);
  }

  private static int maxLogitRows(GptConfig config, int samples) {
    return Math.max(Math.min(LOGIT_ROWS, config.blockSize()), samples);
  }

  static long cacheElements(GptConfig config, int samples) {
    return (long) config.nLayer() * samples * config.blockSize() * config.nEmbd();
  }

  private static long partialElements(GptConfig config, int rows) {
    return rows == 0
        ? 0
        : SplitAttention.Arguments.partialSize(
            rows, config.nHead(), config.headSize(), config.blockSize());
  }

  /** Bytes of all buffers on a device. */
  static long bytes(GptConfig config, KernelSet kernels, int samples, int split) {
    long rows = maxRows(config, samples);
    long logitRows = maxLogitRows(config, samples);
    long c = config.nEmbd();
    long floats =
        rows * (4 * c + config.nInner())
            + 2 * cacheElements(config, samples)
            + partialElements(config, split)
            + logitRows * (c + config.vocabSize());
    return Float.BYTES * (floats + 10 * rows + 8 * logitRows)
        + SamplingBuffers.bytes(kernels, samples, config.vocabSize());
  }

  private static IntArray ints(int n) {
    IntArray array = new IntArray(n);
    array.init(0);
    return array;
  }

  private static FloatArray floats(long n) {
    if (n > Integer.MAX_VALUE) {
      throw new GptException(
          "keys and values or activations have "
              + n
              + " elements, and an array on a TornadoVM device holds at most "
              + Integer.MAX_VALUE
              + "; take fewer samples at once with --num-samples");
    }
    return new FloatArray((int) n);
  }
}
