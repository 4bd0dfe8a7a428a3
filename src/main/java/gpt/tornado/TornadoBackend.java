package gpt.tornado;

import gpt.kernels.Feed;
import gpt.kernels.SlotCopy;
import gpt.model.Backend;
import gpt.model.Contexts;
import gpt.model.GptConfig;
import gpt.model.GptException;
import gpt.model.Precision;
import gpt.model.Weights;
import gpt.sampling.Drawing;
import gpt.sampling.Logprobs;
import gpt.sampling.SamplingParameters;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * A model on a TornadoVM device. Weights, keys, values, activations, and the rows of the next pass
 * stay there: a {@link Batch} gets back the chosen tokens' ids and nothing else. A {@link Session}
 * hands logits to the host, or losses alone.
 */
public final class TornadoBackend implements Backend {
  /** Set to false, a PTX or CUDA device launches each kernel by itself. */
  private static final String CUDA_GRAPHS = "gpt.cudaGraphs";

  private final GptConfig config;
  private final TornadoDevices.Device device;
  private final Precision precision;
  private final int samples;
  private final DeviceBuffers buffers;
  private final TornadoForward forward;
  private final Profile profile;
  private final float[] logits;

  /** Contexts that are in use; each has its part of the cache. */
  private final BitSet used = new BitSet();

  /**
   * How a model is put on a device.
   *
   * @param device where
   * @param precision how matrices are kept
   * @param samples contexts at once, at least 1
   * @param sampling how tokens are drawn, if it is known: kernels for it are compiled then
   * @param logprobs log-probabilities of each token that may be asked for
   * @param promptLength tokens of the prompt, if it is known: kernels for it are compiled while the
   *     weights are loaded; 0 compiles them when they are needed
   * @param profile counts what the device does; null does not, which is faster
   * @param beams whether the contexts are for beam search
   */
  public record Options(
      TornadoDevices.Device device,
      Precision precision,
      int samples,
      SamplingParameters sampling,
      int logprobs,
      int promptLength,
      Profile profile,
      boolean beams) {

    /** Not for beam search. */
    public Options(
        TornadoDevices.Device device,
        Precision precision,
        int samples,
        SamplingParameters sampling,
        int logprobs,
        int promptLength,
        Profile profile) {
      this(device, precision, samples, sampling, logprobs, promptLength, profile, false);
    }
  }

  /**
   * Copies the weights to the device, after which the checkpoint they came from may be closed, and
   * compiles the kernels meanwhile.
   *
   * @throws GptException where the model does not fit the device, or a kernel does not compile
   */
  public static TornadoBackend open(
      GptConfig config, Weights weights, Options options, Progress progress) {
    TornadoVm.prepare();
    DeviceMemory.check(config, weights.tied(), options);
    return new TornadoBackend(config, weights, options, progress);
  }

  private TornadoBackend(GptConfig config, Weights w, Options options, Progress progress) {
    this.config = config;
    device = options.device();
    precision = options.precision();
    samples = options.samples();
    profile = options.profile();
    logits = new float[config.vocabSize()];
    KernelSet kernels = KernelSet.of(device.target());
    buffers =
        new DeviceBuffers(
            config,
            kernels,
            samples,
            DeviceMemory.splitRows(config, kernels, samples),
            options.logprobs());
    DeviceWeights weights = new DeviceWeights(config, w, precision, progress::loaded);
    forward =
        new TornadoForward(
            config,
            weights,
            buffers,
            kernels,
            samples,
            device.handle(),
            recordsLaunches(),
            profile);
    try {
      CompletableFuture<Void> filled = CompletableFuture.runAsync(weights::fill);
      if (options.promptLength() > 0) {
        forward.compile(
            Math.min(options.promptLength(), config.blockSize()), options.sampling(), progress);
      }
      join(filled);
      forward.load();
    } catch (Throwable e) {
      forward.close();
      throw e;
    }
  }

  private static void join(CompletableFuture<Void> future) {
    try {
      future.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        default -> throw e;
      }
    }
  }

  /**
   * A recorded graph has the grids it was recorded with, and those of several samples are not those
   * of their common prompt.
   */
  private boolean recordsLaunches() {
    return device.hasCudaGraphs()
        && samples == 1
        && Boolean.parseBoolean(System.getProperty(CUDA_GRAPHS, "true"));
  }

  @Override
  public GptConfig config() {
    return config;
  }

  @Override
  public String device() {
    return "tornado:" + device.id();
  }

  @Override
  public String dtype() {
    return precision.word();
  }

  /** What the device has done since the last call; empty where nothing is counted. */
  public Optional<Profile.Totals> profile() {
    return Optional.ofNullable(profile).map(Profile::reset);
  }

  @Override
  public int contexts() {
    return samples;
  }

  @Override
  public int batchSize() {
    return samples;
  }

  @Override
  public Session newSession() {
    return new TornadoSession(takeSlot());
  }

  @Override
  public Optional<Batch> newBatch(Drawing drawing, int texts) {
    if (texts > samples || !used.isEmpty() || !buffers.sampling.fits(drawing)) {
      return Optional.empty();
    }
    used.set(0, texts);
    return Optional.of(new TornadoBatch(drawing, texts));
  }

  private int takeSlot() {
    int slot = used.nextClearBit(0);
    if (slot >= samples) {
      throw new GptException(
          "the device has memory for " + samples + " contexts at once, and all are in use");
    }
    used.set(slot);
    return slot;
  }

  /**
   * Appends ids to a context, in one pass.
   *
   * @param past tokens that it holds
   * @param texts samples that go on from here, that of the context being the first
   * @param step index in its text of the token that follows
   */
  void append(int slot, int past, int[] ids, int texts, int step) {
    int rows = ids.length;
    buffers.request.set(0, rows);
    buffers.request.set(1, 1);
    buffers.request.set(2, texts);
    buffers.request.set(3, slot);
    buffers.request.set(4, step);
    for (int r = 0; r < rows; r++) {
      buffers.request.set(Feed.HEADER + r, ids[r]);
      buffers.request.set(Feed.HEADER + buffers.maxRows + r, past + r);
      buffers.request.set(Feed.HEADER + 2 * buffers.maxRows + r, slot);
    }
    buffers.request.set(Feed.HEADER + 3 * buffers.maxRows, rows - 1);
    forward.feed(rows);
    forward.blocks(rows);
  }

  /**
   * Copies keys and values of contexts to others.
   *
   * @param positions how many, from the first one
   * @param source the context that each context gets them from; itself keeps what it has
   */
  private void copy(int positions, IntUnaryOperator source) {
    buffers.copies.set(0, positions);
    for (int b = 0; b < samples; b++) {
      buffers.copies.set(SlotCopy.SOURCES + b, source.applyAsInt(b));
    }
    forward.copySlots(positions);
  }

  @Override
  public void close() {
    forward.close();
  }

  private final class TornadoSession implements Session {
    private final int slot;
    private int length;

    TornadoSession(int slot) {
      this.slot = slot;
    }

    @Override
    public int length() {
      return length;
    }

    @Override
    public float[] prefill(int[] ids) {
      Contexts.checkAppend(config, length, ids);
      append(slot, length, ids, 1, 0);
      length += ids.length;
      forward.logits(1);
      return read(0);
    }

    @Override
    public void prefill(int[] ids, PositionLogits each) {
      Contexts.checkAppend(config, length, ids);
      append(slot, length, ids, 1, 0);
      for (int from = 0; from < ids.length; from += DeviceBuffers.LOGIT_ROWS) {
        int rows = Math.min(DeviceBuffers.LOGIT_ROWS, ids.length - from);
        forward.logitRows(from, rows);
        for (int r = 0; r < rows; r++) {
          each.accept(length + from + r, read(r));
        }
      }
      length += ids.length;
    }

    @Override
    public double[] losses(int[] ids, int[] targets) {
      Contexts.checkAppend(config, length, ids);
      Contexts.checkTargets(config, ids.length, targets);
      append(slot, length, ids, 1, 0);
      double[] found = new double[targets.length];
      forward.losses(ids.length - targets.length, targets, found);
      length += ids.length;
      return found;
    }

    private float[] read(int row) {
      MemorySegment all = buffers.logits.getSegment();
      MemorySegment.copy(
          all, ValueLayout.JAVA_FLOAT, 4L * row * logits.length, logits, 0, logits.length);
      return logits;
    }

    @Override
    public float[] decode(int id) {
      return prefill(new int[] {id});
    }

    @Override
    public void truncate(int to) {
      length = Contexts.checkTruncate(length, to);
    }

    @Override
    public void copyFrom(Session other) {
      if (!(other instanceof TornadoSession from) || from.backend() != backend()) {
        throw Contexts.otherBackends();
      }
      if (from != this) {
        if (from.length > 0) {
          copy(from.length, b -> b == slot ? from.slot : b);
        }
        length = from.length;
      }
    }

    private TornadoBackend backend() {
      return TornadoBackend.this;
    }

    @Override
    public void close() {
      used.clear(slot);
    }
  }

  private final class TornadoBatch implements Batch {
    private final Drawing drawing;
    private final List<Graph> chain;
    private final int texts;
    private final Logprobs[] logprobs;
    private int step;

    TornadoBatch(Drawing drawing, int texts) {
      this.drawing = drawing;
      chain = forward.chain(drawing.sampling());
      this.texts = texts;
      logprobs = new Logprobs[texts];
    }

    @Override
    public int[] start(int[] prompt) {
      Contexts.checkAppend(config, 0, prompt);
      if (!drawing.sampling().isPlainGreedy() || drawing.logprobs() > 0) {
        buffers.sampling.request(drawing);
        forward.startSampling();
      }
      step = 0;
      append(0, 0, prompt, texts, 0);
      if (texts > 1) {
        copy(prompt.length, b -> b < texts ? 0 : b);
      }
      return chosen(1, texts, 0);
    }

    @Override
    public int[] next() {
      step++;
      forward.embed(texts);
      forward.blocks(texts);
      return chosen(texts, texts, 0);
    }

    @Override
    public int redo(int text, int[] ids, int newStep) {
      Contexts.checkAppend(config, 0, ids);
      step = newStep;
      append(text, 0, ids, 1, step);
      return chosen(1, 1, text)[0];
    }

    private int[] chosen(int logitRows, int count, int first) {
      forward.choose(logitRows, chain);
      int[] ids = IntStream.range(0, count).map(buffers.chosen::get).toArray();
      for (int i = 0; i < count; i++) {
        if (ids[i] < 0) {
          throw nothingToDraw(ids[i], drawing.firstSample() + first + i);
        }
      }
      if (drawing.logprobs() > 0) {
        forward.logprobs();
        for (int i = 0; i < count; i++) {
          logprobs[first + i] = buffers.sampling.logprobs(i);
        }
      }
      return ids;
    }

    @Override
    public Logprobs logprobs(int text) {
      return logprobs[text];
    }

    private GptException nothingToDraw(int status, int sample) {
      String why = SamplingBuffers.nothingToDraw(status);
      return new GptException(why + " (sample " + sample + ", new token " + (step + 1) + ")");
    }

    @Override
    public void close() {
      used.clear(0, texts);
    }
  }
}
