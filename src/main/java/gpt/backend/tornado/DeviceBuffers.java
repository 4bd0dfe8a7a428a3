package gpt.backend.tornado;

import gpt.GptException;
import gpt.kernels.Projection;
import gpt.kernels.SplitAttention;
import gpt.kernels.runtime.KvCache;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.SlotCopy;
import gpt.kernels.runtime.Unused;
import gpt.model.Approximations;
import gpt.model.GptConfig;
import gpt.model.KvPrecision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The forward pass's arrays on the device: rows, activations, keys and values, logits. After
 * loading, the host uploads only {@link #request} (a changed set of rows), {@link #copies} (forks),
 * sampling parameters and targets of losses. It reads back {@link #chosen}, and logits, losses or
 * likeliest tokens if a step asks for them.
 */
final class DeviceBuffers {
  /** Rows whose logits are computed at once, if a step asks for those of a whole prompt. */
  static final int LOGIT_ROWS = 8;

  final int maxRows;
  final int maxLogitRows;

  final RowRequest request; // the next pass's rows, uploaded
  final IntArray copies; // slots to copy, uploaded; see SlotCopy
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
  final KvCache cache; // keys (L, B, nh, hs, block_size), values (L, B, nh, block_size, hs)
  final FloatArray product; // for Projection's tensorCores; null if they are not used
  final FloatArray partial; // (R, nh, chunks, hs + 2): see SplitAttention
  final FloatArray normedLast; // (logit rows, C)
  final FloatArray logits; // (logit rows, V)
  final Unused unused = Unused.create();
  final SamplingBuffers sampling;
  final LossGraph.Buffers loss;

  /**
   * Allocates the host-side arrays.
   *
   * @param approximations what is rounded further than usual
   * @param capacity B: sequences open at once
   * @param split rows that split attention needs room for; 0 if it is not used
   * @param logprobs most log-probabilities, or candidates, for each token
   */
  DeviceBuffers(
      GptConfig config, Approximations approximations, int capacity, int split, int logprobs) {
    maxRows = maxRows(config, capacity);
    maxLogitRows = maxLogitRows(config, capacity);
    int c = config.nEmbd();
    request = new RowRequest(maxRows, maxLogitRows);
    copies = ints(SlotCopy.SOURCES + capacity);
    pass = ints(Pass.SIZE);
    tokens = ints(maxRows);
    positions = ints(maxRows);
    slots = ints(maxRows);
    rowOf = ints(maxLogitRows);
    slotOf = ints(maxLogitRows);
    chosen = ints(capacity);
    x = floats((long) maxRows * c);
    normed = floats((long) maxRows * c);
    q = floats((long) maxRows * c);
    heads = floats((long) maxRows * c);
    hidden = floats((long) maxRows * config.nInner());
    cache = cache(config, approximations.kv(), capacity);
    product = approximations.fastPrefill() ? floats(productElements(config, maxRows)) : null;
    partial = floats(Math.max(1, partialElements(config, split)));
    normedLast = floats((long) maxLogitRows * c);
    logits = floats((long) maxLogitRows * config.vocabSize());
    sampling = new SamplingBuffers(capacity, config.vocabSize(), logprobs);
    loss = new LossGraph.Buffers(config, maxLogitRows);
  }

  /** All float arrays; the KV cache is last. */
  List<FloatArray> floats() {
    List<FloatArray> all = new ArrayList<>(sampling.floats());
    all.add(loss.losses);
    if (product != null) {
      all.add(product);
    }
    all.addAll(List.of(x, normed, q, heads, hidden, partial, normedLast, logits));
    all.addAll(
        List.of(
            unused.of(),
            unused.bias(),
            unused.keys(),
            unused.values(),
            cache.keys(),
            cache.values()));
    return all;
  }

  /** All arrays of halves. */
  List<HalfFloatArray> halves() {
    return List.of(unused.halfKeys(), unused.halfValues(), cache.halfKeys(), cache.halfValues());
  }

  /** The cache has one element in place of the arrays of the other precision. */
  private static KvCache cache(GptConfig config, KvPrecision kv, int capacity) {
    long elements = cacheElements(config, capacity);
    boolean half = kv == KvPrecision.F16;
    return new KvCache(
        floats(half ? 1 : elements),
        floats(half ? 1 : elements),
        new HalfFloatArray(half ? size(elements) : 1),
        new HalfFloatArray(half ? size(elements) : 1),
        half ? Matrix.F16 : Matrix.F32,
        capacity,
        config.nHead(),
        config.blockSize());
  }

  /** All int arrays except {@link #pass} and the uploaded requests, which belong to one graph. */
  List<IntArray> ints() {
    List<IntArray> all = new ArrayList<>(sampling.ints());
    all.addAll(List.of(loss.targets, loss.rowOf, loss.slotOf));
    all.addAll(List.of(tokens, positions, slots, rowOf, slotOf, chosen));
    all.addAll(List.of(unused.positions(), unused.slots()));
    return all;
  }

  /** Copies a row of {@link #logits}, which were read back (V). */
  void read(int row, float[] to) {
    MemorySegment.copy(
        logits.getSegment(), ValueLayout.JAVA_FLOAT, 4L * row * to.length, to, 0, to.length);
  }

  static int maxRows(GptConfig config, int capacity) {
    return Math.max(config.blockSize(), capacity);
  }

  private static int maxLogitRows(GptConfig config, int capacity) {
    return Math.max(Math.min(LOGIT_ROWS, config.blockSize()), capacity);
  }

  static long cacheElements(GptConfig config, int capacity) {
    return (long) config.nLayer() * capacity * config.blockSize() * config.nEmbd();
  }

  private static long productElements(GptConfig config, int rows) {
    return Projection.productSize(Math.max(3 * config.nEmbd(), config.nInner()), rows);
  }

  private static long partialElements(GptConfig config, int rows) {
    return rows == 0
        ? 0
        : SplitAttention.Arguments.partialSize(
            rows, config.nHead(), config.headSize(), config.blockSize());
  }

  /** Bytes of all arrays on a device. */
  static long bytes(GptConfig config, Approximations approximations, int capacity, int split) {
    long rows = maxRows(config, capacity);
    long logitRows = maxLogitRows(config, capacity);
    long c = config.nEmbd();
    long floats =
        rows * (4 * c + config.nInner())
            + partialElements(config, split)
            + (approximations.fastPrefill() ? productElements(config, (int) rows) : 0)
            + logitRows * (c + config.vocabSize());
    return Float.BYTES * (floats + 10 * rows + 8 * logitRows)
        + 2 * approximations.kv().bytes() * cacheElements(config, capacity)
        + SamplingBuffers.bytes(capacity, config.vocabSize());
  }

  private static IntArray ints(int n) {
    IntArray array = new IntArray(n);
    array.init(0);
    return array;
  }

  private static FloatArray floats(long n) {
    return new FloatArray(size(n));
  }

  private static int size(long n) {
    if (n > Integer.MAX_VALUE) {
      throw new GptException(
          ("the KV cache or the activations have %s elements, a TornadoVM array holds at"
                  + " most %s; choose fewer samples at once (--num-samples)")
              .formatted(n, Integer.MAX_VALUE));
    }
    return (int) n;
  }
}
