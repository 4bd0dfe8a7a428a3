package gpt.tornado;

import gpt.engine.Engine;
import gpt.engine.HostWants;
import gpt.engine.Sequence;
import gpt.engine.Want;
import gpt.engine.Work;
import gpt.model.GptConfig;
import gpt.model.GptException;
import gpt.model.Precision;
import gpt.model.Weights;
import gpt.sampling.InvalidLogitsException;
import gpt.sampling.Logprobs;
import gpt.sampling.SamplingParameters;
import java.util.ArrayList;
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
  private final float[] logits;

  /** Whose next rows are on the device, in this order; null where the host must say. */
  private List<TornadoSequence> fed;

  /** What led to the tokens drawn last. */
  private List<Graph> chain;

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
      GptConfig config, Weights weights, Options options, Progress progress) {
    TornadoVm.prepare();
    DeviceMemory.check(config, weights.tied(), options);
    return new TornadoEngine(config, weights, options, progress);
  }

  private TornadoEngine(GptConfig config, Weights w, Options options, Progress progress) {
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
   * A recorded graph has the grids it was recorded with: those of one row. Nor does the profiler
   * see what is replayed.
   */
  private boolean recordsLaunches() {
    return device.hasCudaGraphs()
        && samples == 1
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
    List<Work> rows = new ArrayList<>(); // those that are drawn come first
    for (Work piece : work) {
      if (isDrawn(piece)) {
        rows.add(piece);
      }
    }
    int drawn = rows.size();
    boolean same = drawn == work.size() && isFed(work);
    fed = null;
    if (!same) {
      for (Work piece : work) {
        if (isDecoded(piece) && !isDrawn(piece)) {
          rows.add(piece);
        }
        prompt(piece);
      }
    }
    if (!rows.isEmpty()) {
      if (!same) {
        feed(rows, drawn);
      } else {
        forward.embed(drawn);
      }
      forward.blocks(rows.size());
      try {
        finish(rows, drawn);
      } catch (RuntimeException | Error e) {
        rows.forEach(piece -> of(piece).forget());
        throw e;
      }
      if (drawn == work.size()) {
        fed = rows.stream().map(TornadoEngine::of).toList();
      }
    }
    for (Work piece : work) {
      of(piece).grow(piece.tokens());
    }
  }

  private static TornadoSequence of(Work piece) {
    return (TornadoSequence) piece.sequence();
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
        case Want.Token token -> of.drawing(); // for its check
        default -> {
          if (HostWants.logitRows(piece) > piece.tokens()) {
            throw new IllegalArgumentException("more rows are wanted than are appended");
          }
        }
      }
    }
  }

  // Which kernels.

  /** Whether a piece's last token is computed by decode's kernels. */
  private static boolean isDecoded(Work piece) {
    return piece.append().length == 0
        || piece.want() instanceof Want.Token
        || piece.want() instanceof Want.Candidates
        || piece.want() instanceof Want.Logits wanted && wanted.rows() == 1;
  }

  /** Whether a piece's next token is drawn on the device. */
  private boolean isDrawn(Work piece) {
    return piece.want() instanceof Want.Token token
        && !token.traced()
        && buffers.sampling.fits(of(piece).drawing());
  }

  /** Whether the device has these rows already. */
  private boolean isFed(List<Work> work) {
    if (fed == null || fed.size() != work.size()) {
      return false;
    }
    for (int i = 0; i < work.size(); i++) {
      Work piece = work.get(i);
      int step = ((Want.Token) piece.want()).step();
      if (piece.sequence() != fed.get(i) || piece.append().length > 0 || !fed.get(i).isNext(step)) {
        return false;
      }
    }
    return true;
  }

  // Prompts.

  /** Those tokens of a piece that the kernels for prompts compute, and what is wanted of them. */
  private void prompt(Work piece) {
    TornadoSequence of = of(piece);
    int rows = isDecoded(piece) ? piece.tokens() - 1 : piece.tokens();
    if (rows == 0) {
      return;
    }
    buffers.request.begin();
    for (int r = 0; r < rows; r++) {
      buffers.request.row(piece.append()[r], of.length() + r, of.slot());
    }
    forward.feed(rows);
    forward.prompt(rows);
    switch (piece.want()) {
      case Want.Losses losses ->
          forward.losses(rows - losses.targets().length, losses.targets(), losses.losses());
      case Want.Logits wanted when !isDecoded(piece) -> {
        int first = rows - wanted.rows();
        for (int from = first; from < rows; from += buffers.maxLogitRows) {
          int count = Math.min(buffers.maxLogitRows, rows - from);
          forward.logitRows(from, count);
          for (int r = 0; r < count; r++) {
            accept(piece, from - first + r, of.length() + from + r, r);
          }
        }
      }
      default -> {}
    }
  }

  private void accept(Work piece, int index, int pos, int row) {
    buffers.read(row, logits);
    HostWants.accept(piece, index, pos, logits, config.vocabSize());
  }

  // Decode.

  /** Says which rows the pass has, one for each piece, and how the first of them are drawn. */
  private void feed(List<Work> rows, int drawn) {
    boolean tops = rows.stream().anyMatch(piece -> tops(piece) > 0);
    List<SamplingParameters> texts =
        rows.subList(0, drawn).stream().map(piece -> of(piece).drawing().sampling()).toList();
    boolean plain = texts.stream().allMatch(SamplingParameters::isPlainGreedy);
    for (Work piece : tops ? rows : plain ? List.<Work>of() : rows.subList(0, drawn)) {
      upload(of(piece), tops(piece));
    }
    buffers.request.begin();
    for (int r = 0; r < rows.size(); r++) {
      Work piece = rows.get(r);
      TornadoSequence of = of(piece);
      int[] ids = piece.append();
      int token = ids.length == 0 ? of.drawn() : ids[ids.length - 1];
      buffers.request.row(token, of.length() + piece.tokens() - 1, of.slot());
      if (r < drawn) {
        buffers.request.drawnRow(r, of.slot(), ((Want.Token) piece.want()).step());
      } else {
        buffers.request.logitRow(r, of.slot());
      }
    }
    forward.feed(rows.size());
    chain = forward.chain(texts);
  }

  private void upload(TornadoSequence of, int tops) {
    if (!of.isUploaded(tops)) {
      boolean draws = of.history() != null && buffers.sampling.fits(of.drawing());
      buffers.sampling.request(
          of.slot(), draws ? of.drawing() : null, of.sample(), of.history(), tops);
      forward.startSampling();
      of.uploaded(tops);
    }
  }

  /** Likeliest tokens that the device is to find for a piece. */
  private int tops(Work piece) {
    return switch (piece.want()) {
      case Want.Token token when isDrawn(piece) -> room(of(piece).drawing().logprobs());
      case Want.Candidates wanted -> room(wanted.n());
      default -> 0;
    };
  }

  /** So many, or 0 where there is no room for them. */
  private int room(int n) {
    int most = Math.min(n, config.vocabSize());
    return most <= buffers.sampling.logprobs ? most : 0;
  }

  /** Leaves what is wanted of each row. */
  private void finish(List<Work> rows, int drawn) {
    boolean tops = rows.stream().anyMatch(piece -> tops(piece) > 0);
    boolean read = rows.stream().skip(drawn).anyMatch(this::isRead);
    if (read) {
      forward.logits(rows.size());
    } else if (drawn == 0 && tops) {
      forward.head(rows.size());
    }
    if (drawn > 0) {
      forward.choose(rows.size(), chain);
    }
    if (tops) {
      forward.likeliest(rows.size());
    }
    for (int r = 0; r < drawn; r++) {
      checkDrawn(rows.get(r), buffers.chosen.get(r));
    }
    for (int r = drawn; r < rows.size(); r++) {
      other(rows, r, read);
    }
    for (int r = 0; r < drawn; r++) {
      Work piece = rows.get(r);
      Want.Token token = (Want.Token) piece.want();
      int id = buffers.chosen.get(r);
      of(piece).drawn(id);
      of(piece).advanced(token.step() + 1);
      token.drawn(id, tops(piece) > 0 ? buffers.sampling.logprobs(r) : null, null);
    }
  }

  private boolean isRead(Work piece) {
    return !(piece.want() instanceof Want.Nothing) && tops(piece) == 0;
  }

  private static void checkDrawn(Work piece, int id) {
    if (id < 0) {
      int step = ((Want.Token) piece.want()).step();
      throw new GptException(
          SamplingBuffers.nothingToDraw(id)
              + " (sample "
              + of(piece).sample()
              + ", new token "
              + (step + 1)
              + ")");
    }
  }

  /** What is wanted of a row that the device does not draw from. */
  private void other(List<Work> rows, int r, boolean read) {
    Work piece = rows.get(r);
    TornadoSequence of = of(piece);
    if (piece.want() instanceof Want.Candidates wanted && tops(piece) > 0) {
      int found = buffers.sampling.found(r);
      if (found < 0) {
        throw new InvalidLogitsException(SamplingBuffers.nothingToDraw(found));
      }
      if (found == tops(piece)) {
        Logprobs best = buffers.sampling.logprobs(r);
        wanted.reader().accept(best.ids(), best.values());
        return;
      }
      if (!read) {
        forward.logits(rows.size()); // some are less likely than a device can tell
      }
    }
    if (!(piece.want() instanceof Want.Nothing)) {
      accept(piece, 0, of.length() + piece.tokens() - 1, r);
    }
    if (piece.want() instanceof Want.Token) {
      of.forget(); // the host has drawn
    }
  }

  @Override
  public void close() {
    forward.close();
  }
}
