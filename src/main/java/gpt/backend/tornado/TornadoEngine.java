package gpt.backend.tornado;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.HostWants;
import gpt.engine.LoadProgress;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Weights;
import gpt.sampling.SamplingParameters;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A model on a TornadoVM device. Weights, keys, values, activations, how tokens are drawn, and the
 * rows of the next pass stay there. Where a step goes on with the same sequences, each with the
 * token drawn last, nothing goes to the device and one id a sequence comes back.
 *
 * <p>A token whose own next token is asked for (drawn, its candidates, or its logits alone) is
 * computed by decode's kernels, together with those of all other sequences; all other tokens, those
 * of a prompt, by kernels for many rows, each sequence's by themselves. Either kind computes a row
 * the same way whatever the other rows are: so a sequence's results depend neither on the others in
 * a step nor on how a prompt is divided, but a token's bits do depend on which kind it is.
 */
public final class TornadoEngine implements Engine {
  /** Set to false, a PTX or CUDA device launches each kernel by itself. */
  private static final String CUDA_GRAPHS = "gpt.cudaGraphs";

  private final GptConfig config;
  private final TornadoDevices.Device device;
  private final Precision precision;
  private final int samples;
  private final DeviceBuffers buffers;
  private final TornadoForward forward;
  private final Profile profile;
  private final Slots slots;
  private final DeviceStep step;

  /**
   * How a model is put on a device.
   *
   * @param device where
   * @param precision how matrices are kept
   * @param samples sequences that can be open at once, at least 1
   * @param sampling how tokens are drawn, if it is known: kernels for it are compiled then
   * @param logprobs log-probabilities of each token that may be asked for
   * @param promptLength tokens of the prompt, if it is known: kernels for it are compiled while the
   *     weights are loaded; 0 compiles them when they are needed
   * @param profile counts what the device does; null does not, which is faster
   * @param beams whether the sequences are for beam search: twice as many candidates of each as
   *     there are sequences come back then, and no logits
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

    private int tops() {
      return Math.max(logprobs, beams ? 2 * samples : 0);
    }
  }

  /**
   * Copies the weights to the device, after which the checkpoint they came from may be closed, and
   * compiles the kernels meanwhile.
   *
   * @throws GptException where the model does not fit the device, or a kernel does not compile
   */
  public static TornadoEngine open(
      GptConfig config, Weights weights, Options options, LoadProgress progress) {
    TornadoVm.prepare();
    DeviceMemory.check(config, weights.tied(), options);
    return new TornadoEngine(config, weights, options, progress);
  }

  private TornadoEngine(GptConfig config, Weights w, Options options, LoadProgress progress) {
    this.config = config;
    device = options.device();
    precision = options.precision();
    samples = options.samples();
    profile = options.profile();
    KernelSet kernels = KernelSet.of(device.target());
    buffers =
        new DeviceBuffers(
            config,
            kernels,
            samples,
            DeviceMemory.splitRows(config, kernels, samples),
            options.tops());
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
    slots = new Slots(samples, buffers.copies, forward);
    step = new DeviceStep(config, buffers, forward);
    try {
      CompletableFuture<Void> filled = CompletableFuture.runAsync(weights::fill);
      if (options.promptLength() > 0) {
        int promptLength = Math.min(options.promptLength(), config.blockSize());
        forward.compile(promptLength, options.sampling(), options.beams(), progress);
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

  /** The profiler does not see what is replayed. */
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
    return samples;
  }

  /** A drawn token is computed by other kernels than a prompt's. */
  @Override
  public boolean reusesDrawnTokens() {
    return false;
  }

  /** What the device has done since the last call; empty where nothing is counted. */
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
        throw new IllegalArgumentException("the sequence is another engine's");
      }
      if (of.isClosed()) {
        throw new IllegalStateException("the sequence is closed");
      }
      if (piece.append().length == 0) {
        of.drawn(); // for its check
      }
      switch (piece.want()) {
        case Want.Attention attention ->
            throw new UnsupportedOperationException("no attention weights on this engine");
        case Want.Residual residual ->
            throw new UnsupportedOperationException("no residual stream on this engine");
        case Want.Token token -> of.drawing(); // for its check
        default -> {}
      }
    }
  }

  @Override
  public void close() {
    forward.close();
  }
}
