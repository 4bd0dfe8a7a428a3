package gpt.backend.cpu;

import gpt.backend.cpu.kernels.CpuKernels;
import gpt.backend.cpu.kernels.CpuKernelsProvider;
import gpt.backend.cpu.kernels.TieredKernels;
import gpt.backend.cpu.kernels.WarmUp;
import gpt.engine.Engine;
import gpt.engine.HostSequence;
import gpt.engine.HostWants;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;
import java.util.List;
import java.util.function.DoubleConsumer;

/**
 * A model on the CPU; {@link CpuForward} is its forward pass. All workers take part in sampling.
 */
public final class CpuEngine implements Engine {
  /** Rows whose logits are computed in one call, which bounds the logits buffer. */
  private static final int LOGIT_ROWS = 48;

  /**
   * From this many bytes of weights on, loading takes long enough for the JIT to compile the
   * kernels meanwhile: on two cores GPT-2's first token came after 1.0 s instead of 1.8. A smaller
   * model starts with scalar kernels, see {@link TieredKernels}.
   */
  private static final long MIN_WARM_UP_BYTES = 64 << 20;

  /** Sequences to decode together: throughput with 64 is only 2% higher than with 32. */
  private static final int MAX_BATCH = 64;

  /** Limit on the KV caches of one request's completions together. */
  private static final long MAX_BATCH_BYTES = 4L << 30;

  private final GptConfig config;
  private final Precision precision;
  private final CpuKernels kernels;

  /** The engine whose sequences and workers this one uses; null if it has its own. */
  private final CpuEngine owner;

  private final Workers workers;

  /** Has the JIT compile the kernels; null if nothing does. */
  private Thread compiling;

  private final NativeMemory memory = new NativeMemory();
  private final CpuForward forward;
  private final long fmas; // of one token in the matrix products with weights
  private final StepRows rows;
  private final float[][] logits; // per worker (V): the logits of one row
  private float[] batchLogits = {}; // up to (LOGIT_ROWS, V)
  private final Draws draws = new Draws();

  /**
   * Packs the weights as f32. The checkpoint may be closed afterwards.
   *
   * @param threads worker threads, at least 1
   */
  public static CpuEngine open(GptConfig config, Weights weights, int threads) {
    return open(config, weights, Precision.F32, threads, fraction -> {});
  }

  /**
   * As {@link #open(GptConfig, Weights, int)}, with matrices in the given precision.
   *
   * @param progress receives the fraction of weights packed, from 0 to 1
   */
  public static CpuEngine open(
      GptConfig config,
      Weights weights,
      Precision precision,
      int threads,
      DoubleConsumer progress) {
    CpuKernels kernels = CpuKernelsProvider.kernels();
    WarmUp warmUp = new WarmUp(kernels, precision, weights.matrices().toList());
    Thread compiling = null;
    if (weightBytes(config, weights.tied(), Precision.F32) >= MIN_WARM_UP_BYTES) {
      compiling = warmUp.start();
    } else {
      kernels = CpuKernelsProvider.tiered(warmUp);
    }
    CpuEngine engine = new CpuEngine(config, weights, precision, threads, kernels, progress);
    engine.compiling = compiling;
    return engine;
  }

  /**
   * An engine with the given kernels, which {@link #open} chooses.
   *
   * @param w weights, packed in {@code precision}
   * @param threads worker threads, at least 1
   * @param progress receives the fraction of weights packed, from 0 to 1
   */
  public CpuEngine(
      GptConfig config,
      Weights w,
      Precision precision,
      int threads,
      CpuKernels kernels,
      DoubleConsumer progress) {
    this(config, w, precision, null, new Workers(threads), null, kernels, progress);
  }

  /**
   * An engine with its own sequences, or those of an owner.
   *
   * @param packing workers that pack; null for the same
   */
  private CpuEngine(
      GptConfig config,
      Weights w,
      Precision precision,
      CpuEngine owner,
      Workers workers,
      Workers packing,
      CpuKernels kernels,
      DoubleConsumer progress) {
    this.config = config;
    this.precision = precision;
    this.kernels = kernels;
    this.owner = owner;
    fmas = weightBytes(config, true, Precision.F32) / Float.BYTES;
    this.workers = workers;
    try {
      Workers packers = packing == null ? workers : packing;
      forward = new CpuForward(config, w, precision, kernels, workers, packers, memory, progress);
      rows = new StepRows(config);
      logits = new float[workers.size()][config.vocabSize()];
    } catch (Throwable e) {
      close(); // most likely an OutOfMemoryError
      throw e;
    }
  }

  /**
   * Opens an engine that steps this engine's sequences with the same model in a lower precision, to
   * draft their next tokens. It shares the worker threads, and must be closed before this engine.
   * It is packed on the caller's thread, which may be another one than that of the engine's steps.
   */
  public CpuEngine drafting(Weights weights, Precision lower) {
    CpuKernels drafting = CpuKernelsProvider.kernels();
    try (Workers alone = new Workers(1)) {
      CpuEngine engine =
          new CpuEngine(config, weights, lower, this, workers, alone, drafting, fraction -> {});
      engine.compiling = new WarmUp(drafting, lower, weights.matrices().toList()).start();
      return engine;
    }
  }

  @Override
  public void expect(long tokens) {
    kernels.expect(tokens * fmas);
  }

  @Override
  public int batchSize() {
    return batchSize(config);
  }

  @Override
  public long sequenceBytes() {
    return cacheBytes(config);
  }

  /** How many sequences' KV caches fit into {@link #MAX_BATCH_BYTES}, from 1 to 64. */
  static int batchSize(GptConfig config) {
    return Math.clamp(MAX_BATCH_BYTES / cacheBytes(config), 1, MAX_BATCH);
  }

  @Override
  public boolean verifiesDrafts() {
    return true;
  }

  @Override
  public boolean isWarm() {
    return compiling == null || !compiling.isAlive();
  }

  @Override
  public Sequence open() {
    workers.checkOpen();
    return new CpuSequence();
  }

  @Override
  public void step(List<Work> work) {
    workers.checkOpen();
    for (int i = 0; i < work.size(); i++) {
      if (!(work.get(i).sequence() instanceof CpuSequence sequence)
          || sequence.engine() != this && sequence.engine() != owner) {
        throw new IllegalArgumentException("a sequence of the step belongs to another engine");
      }
    }
    HostWants.check(config, work);
    rows.set(work);
    forward.run(rows);
    for (int from = 0; from < rows.logits; from += LOGIT_ROWS) {
      logits(work, from, Math.min(from + LOGIT_ROWS, rows.logits));
    }
    rows.clear();
    for (int i = 0; i < work.size(); i++) {
      ((CpuSequence) work.get(i).sequence()).grow(work.get(i).tokens());
    }
  }

  @Override
  public void logits(float[][] x, Want.LogitsReader reader) {
    workers.checkOpen();
    int v = config.vocabSize();
    forward.norm(x);
    for (int from = 0; from < x.length; from += LOGIT_ROWS) {
      int to = Math.min(from + LOGIT_ROWS, x.length);
      growLogits(to - from);
      forward.logits(from, to, batchLogits);
      for (int row = from; row < to; row++) {
        System.arraycopy(batchLogits, (row - from) * v, logits[0], 0, v);
        reader.accept(row, logits[0]);
      }
    }
  }

  /** Computes the logits of rows [from, to) of those that need them, and serves their wants. */
  private void logits(List<Work> work, int from, int to) {
    int v = config.vocabSize();
    if (to - from == 1) {
      forward.logits(from, to, logits[0]);
      accept(work, from, logits[0]);
      return;
    }
    growLogits(to - from);
    forward.logits(from, to, batchLogits);
    draws.run(work, from, to);
    for (int i = from; i < to; i++) {
      if (!draws.wantsToken(i)) {
        System.arraycopy(batchLogits, (i - from) * v, logits[0], 0, v);
        accept(work, i, logits[0]);
      }
    }
  }

  private void growLogits(int count) {
    if (batchLogits.length < count * config.vocabSize()) {
      batchLogits = new float[count * config.vocabSize()];
    }
  }

  private void accept(List<Work> work, int i, float[] row) {
    Work item = work.get(rows.sequenceOfLogits[i]);
    HostWants.accept(
        item, rows.indexOfLogits[i], rows.positionOfLogits(i), row, config.vocabSize());
  }

  /**
   * Samples the next tokens on all workers. Rows with other wants are skipped: their readers are
   * called on the caller's thread.
   */
  private final class Draws implements Workers.Body {
    private List<Work> work;
    private int from;

    void run(List<Work> work, int from, int to) {
      this.work = work;
      this.from = from;
      workers.run(to - from, this);
    }

    boolean wantsToken(int i) {
      return work.get(rows.sequenceOfLogits[i]).want() instanceof Want.Token;
    }

    @Override
    public void run(int item, int worker) {
      if (!wantsToken(from + item)) {
        return;
      }
      int v = config.vocabSize();
      System.arraycopy(batchLogits, item * v, logits[worker], 0, v);
      accept(work, from + item, logits[worker]);
    }
  }

  @Override
  public GptConfig config() {
    return config;
  }

  @Override
  public String device() {
    return "cpu";
  }

  @Override
  public String dtype() {
    return precision.word();
  }

  /**
   * Bytes of the packed matrices of such a model: without norms, biases and position embeddings.
   */
  public static long weightBytes(GptConfig config, boolean tied, Precision precision) {
    int c = config.nEmbd();
    int inner = config.nInner();
    long block =
        bytes(3 * c, c, precision)
            + bytes(c, c, precision)
            + bytes(inner, c, precision)
            + bytes(c, inner, precision);
    return config.nLayer() * block + (tied ? 1 : 2) * bytes(config.vocabSize(), c, precision);
  }

  /** Bytes of a model's packed matrices. */
  public static long weightBytes(Weights w, Precision precision) {
    int width = CpuKernelsProvider.kernels().panelWidth();
    return w.matrices().mapToLong(m -> PackedMatrix.bytes(m, width, precision.of(m))).sum();
  }

  /** Bytes of the KV cache of one sequence of such a model. */
  public static long cacheBytes(GptConfig config) {
    int hs = config.headSize();
    int t = config.blockSize();
    return config.nLayer()
        * (long) config.nHead()
        * (bytes(t, hs, Precision.F32) + bytes(hs, t, Precision.F32));
  }

  private static long bytes(int n, int k, Precision wanted) {
    Precision precision = wanted.forRowsOf(k);
    long scales = precision == Precision.I8 ? (long) Float.BYTES * n : 0;
    return PackedMatrix.bytes(n, k, CpuKernelsProvider.kernels().panelWidth(), precision) + scales;
  }

  @Override
  public void close() {
    if (owner == null) {
      workers.close();
    }
    memory.close();
  }

  /** A sequence with its KV cache. */
  final class CpuSequence extends HostSequence {
    private final KvCache cache = new KvCache(config, kernels.panelWidth());

    CpuSequence() {
      super(config.vocabSize());
    }

    KvCache cache() {
      return cache;
    }

    private CpuEngine engine() {
      return CpuEngine.this;
    }

    @Override
    public Sequence fork() {
      workers.checkOpen();
      CpuSequence other = new CpuSequence();
      other.cache.copyFrom(cache, length());
      other.copyStateFrom(this);
      return other;
    }

    @Override
    public void close() {
      cache.close();
    }
  }
}
