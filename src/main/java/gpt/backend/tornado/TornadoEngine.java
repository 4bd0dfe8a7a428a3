package gpt.backend.tornado;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.HostWants;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.Approximations;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A model on a TornadoVM device. Weights, keys, values, activations, sampling parameters and the
 * next pass's rows stay there. If a step continues the same sequences as the one before, each with
 * its last drawn token, nothing is uploaded and one id for each sequence is read back.
 *
 * <p>Decode's kernels compute a token whose next token is asked for (a drawn token, candidates, or
 * its logits alone), together with those of all other sequences. The prompt's kernels compute all
 * other tokens, one sequence at a time. Both compute a row in an order that does not depend on the
 * other rows. So a sequence's results depend neither on the other sequences of a step nor on how a
 * prompt is split into chunks, but a token's bits depend on which of the two computed it.
 */
public final class TornadoEngine implements Engine {
  /** If false, a PTX or CUDA device launches each kernel instead of recorded graphs. */
  private static final String CUDA_GRAPHS = "gpt.cudaGraphs";

  private final GptConfig config;
  private final TornadoDevices.Device device;
  private final Precision precision;
  private final int capacity;
  private final DeviceBuffers buffers;
  private final TornadoForward forward;
  private final Profile profile;
  private final Slots slots;
  private final DeviceStep step;

  /**
   * Options of {@link #open}.
   *
   * @param device the device
   * @param precision of the weights' matrices
   * @param approximations what is rounded further than usual
   * @param capacity sequences open at once, at least 1
   * @param logprobs most log-probabilities for each token
   * @param promptLength tokens of the prompt, whose kernels are compiled while the weights are
   *     loaded; 0 compiles all kernels when they are first needed
   * @param profile counts launches, copies and time; null does not, which is faster
   * @param beams whether the sequences are beams: each step then finds 2 · {@code capacity}
   *     candidates of each on the device
   */
  public record Options(
      TornadoDevices.Device device,
      Precision precision,
      Approximations approximations,
      int capacity,
      int logprobs,
      int promptLength,
      Profile profile,
      boolean beams) {

    private int tops() {
      return Math.max(logprobs, beams ? 2 * capacity : 0);
    }
  }

  /**
   * Copies the weights to the device while kernels are compiled. Afterwards the checkpoint may be
   * closed.
   *
   * @throws GptException if the model does not fit on the device or a kernel does not compile
   */
  public static TornadoEngine open(
      GptConfig config, Weights weights, Options options, LoadProgress progress) {
    TornadoVm.prepare();
    options.device().prepareKernels();
    new DeviceMemory(
            config, weights.tied(), options.device(), options.precision(), options.approximations())
        .check(options.capacity());
    return new TornadoEngine(config, weights, options, progress);
  }

  private TornadoEngine(GptConfig config, Weights w, Options options, LoadProgress progress) {
    this.config = config;
    device = options.device();
    precision = options.precision();
    capacity = options.capacity();
    profile = options.profile();
    KernelSet kernels = KernelSet.of(device, Shuffles.work(device));
    buffers =
        new DeviceBuffers(
            config,
            options.approximations(),
            capacity,
            DeviceMemory.splitRows(config, kernels, capacity),
            options.tops());
    DeviceWeights weights = new DeviceWeights(config, w, precision, progress::loaded);
    forward =
        new TornadoForward(
            config,
            weights,
            buffers,
            kernels,
            capacity,
            device.handle(),
            recordsLaunches(),
            profile);
    slots = new Slots(capacity, buffers.copies, forward);
    step = new DeviceStep(config, buffers, forward);
    try {
      CompletableFuture<Void> filled = CompletableFuture.runAsync(weights::fill);
      if (options.promptLength() > 0) {
        int promptLength = Math.min(options.promptLength(), config.blockSize());
        forward.compile(promptLength, options.beams(), progress);
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

  /** Not with the profiler, which does not see replayed kernels. */
  private boolean recordsLaunches() {
    return device.hasCudaGraphs()
        && profile == null
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

  @Override
  public int capacity() {
    return capacity;
  }

  /** Other kernels than a prompt's compute drawn tokens. */
  @Override
  public boolean reusesDrawnTokens() {
    return false;
  }

  /** Totals since the last call; empty without a profile. */
  public Optional<Profile.Totals> profile() {
    return Optional.ofNullable(profile).map(Profile::reset);
  }

  @Override
  public Sequence open() {
    forward.checkOpen();
    return new TornadoSequence(this, slots.take(), config.vocabSize());
  }

  TornadoSequence fork(TornadoSequence from) {
    forward.checkOpen();
    TornadoSequence to = new TornadoSequence(this, slots.take(), config.vocabSize());
    to.takeFrom(from);
    slots.copy(from.slot(), to.slot(), from.length());
    return to;
  }

  void closed(TornadoSequence sequence) {
    slots.free(sequence.slot());
  }

  @Override
  public void step(List<Work> work) {
    forward.checkOpen();
    check(work);
    slots.flush();
    step.run(work);
  }

  private void check(List<Work> work) {
    HostWants.check(config, work);
    for (Work piece : work) {
      if (!(piece.sequence() instanceof TornadoSequence of) || of.engine() != this) {
        throw new IllegalArgumentException("the sequence belongs to another engine");
      }
      if (of.isClosed()) {
        throw new IllegalStateException("the sequence is closed");
      }
      if (piece.append().length == 0) {
        of.drawn(); // throws if no token was drawn
      }
      switch (piece.want()) {
        case Want.Probe probe ->
            throw new UnsupportedOperationException("this engine gives no activations");
        case Want.Verification verification ->
            throw new UnsupportedOperationException("this engine verifies no drafts");
        case Want.Token token -> of.drawing(); // throws if not set
        default -> {}
      }
    }
  }

  @Override
  public void close() {
    forward.close();
  }
}
