package gpt.generate;

import gpt.model.Backend;
import gpt.model.GptConfig;
import gpt.model.GptException;
import gpt.sampling.HostSampler;
import gpt.sampling.InvalidLogitsException;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Generates texts with a model on a backend. Not thread-safe, as the backend is not. */
public final class Generator {
  private static final double SECOND = 1e9;

  private final Backend backend;
  private final Tokenizer tokenizer;

  /**
   * A generator.
   *
   * @param tokenizer turns ids into text; without one there are ids only, and no stop strings
   */
  public Generator(Backend backend, Optional<Tokenizer> tokenizer) {
    this.backend = backend;
    this.tokenizer = tokenizer.orElse(null);
  }

  /**
   * Generates the texts of a request, one after another.
   *
   * @return the texts, fewer than asked for where the listener ended it
   * @throws GptException where the request does not fit the model, or the model gives logits that
   *     no token can be drawn from
   */
  public List<Generation> generate(Request request, Listener listener) {
    check(request);
    int[] given = request.promptIds();
    int kept = Math.min(given.length, backend.config().blockSize());
    int[] prompt = Arrays.copyOfRange(given, given.length - kept, given.length);
    if (kept < given.length) {
      listener.promptCropped(given.length, kept);
    }
    HostSampler sampler = new HostSampler(request.sampling(), backend.config().vocabSize());
    List<Generation> generations = new ArrayList<>();
    try (Context context = new Context(backend, prompt)) {
      for (int i = 0; i < request.samples(); i++) {
        int sample = request.firstSample() + i;
        Run run = new Run(request, context, sampler, listener, sample);
        StopReason reason = run.generate();
        Generation generation =
            new Generation(
                sample,
                prompt.clone(),
                given.length - kept,
                run.ids.stream().mapToInt(id -> id).toArray(),
                run.stream == null ? null : run.text.toString(),
                reason,
                run.timings());
        generations.add(generation);
        listener.ended(generation);
        if (reason == StopReason.CANCELLED) {
          break;
        }
      }
    }
    return generations;
  }

  private void check(Request request) {
    GptConfig config = backend.config();
    int[] ids = request.promptIds();
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= config.vocabSize()) {
        throw new GptException(
            "the prompt's token "
                + (i + 1)
                + " is id "
                + ids[i]
                + ", but the model's ids are 0 to "
                + (config.vocabSize() - 1));
      }
    }
    if (request.onFull() == OnFull.STOP && ids.length > config.blockSize()) {
      throw new GptException(
          "the prompt has "
              + ids.length
              + " tokens, but the model's context holds "
              + config.blockSize()
              + "; shorten it, or let the context slide");
    }
    if (tokenizer == null && !request.stops().isEmpty()) {
      throw new GptException("stop strings need a tokenizer, and this model has none");
    }
  }

  /** One text in the making. */
  private final class Run {
    final Request request;
    final Context context;
    final HostSampler sampler;
    final Listener listener;
    final int sample;
    final TextStream stream;
    final List<Integer> ids = new ArrayList<>();
    final StringBuilder text = new StringBuilder();
    long firstTokenNanos;
    long prefillNanos;
    int prefillTokens;
    long decodeNanos;

    Run(Request request, Context context, HostSampler sampler, Listener listener, int sample) {
      this.request = request;
      this.context = context;
      this.sampler = sampler;
      this.listener = listener;
      this.sample = sample;
      stream =
          tokenizer == null
              ? null
              : new TextStream(tokenizer, request.promptIds(), request.stops());
    }

    StopReason generate() {
      if (request.maxNewTokens() == 0) {
        return StopReason.MAX_NEW_TOKENS;
      }
      long begin = System.nanoTime();
      int id = draw(context.start());
      firstTokenNanos = System.nanoTime() - begin;
      prefillNanos = context.prefillNanos();
      prefillTokens = context.prefillTokens();
      while (true) {
        StopReason reason = accept(id);
        if (reason != null) {
          return reason;
        }
        begin = System.nanoTime();
        id = draw(context.append(id));
        decodeNanos += System.nanoTime() - begin;
      }
    }

    /** Tells the listener of a token; returns why the text ends with it, or null. */
    private StopReason accept(int id) {
      ids.add(id);
      boolean end = request.endId().isPresent() && request.endId().getAsInt() == id;
      String printable = end || stream == null ? "" : stream.add(id);
      StopReason reason = null;
      if (end) {
        reason = StopReason.END_OF_TEXT;
      } else if (stream != null && stream.stopped()) {
        reason = StopReason.STOP_STRING;
      } else if (ids.size() == request.maxNewTokens()) {
        reason = StopReason.MAX_NEW_TOKENS;
      } else if (context.full() && request.onFull() == OnFull.STOP) {
        reason = StopReason.CONTEXT_FULL;
      }
      if (reason != null && stream != null) {
        printable += stream.flush();
      }
      text.append(printable);
      return listener.token(sample, id, printable) ? reason : StopReason.CANCELLED;
    }

    private int draw(float[] logits) {
      try {
        return sampler.sample(logits, sample, ids.size());
      } catch (InvalidLogitsException e) {
        throw new GptException(
            e.getMessage() + " (sample " + sample + ", new token " + (ids.size() + 1) + ")", e);
      }
    }

    Timings timings() {
      return new Timings(
          firstTokenNanos / SECOND,
          prefillTokens,
          prefillNanos / SECOND,
          Math.max(0, ids.size() - 1),
          decodeNanos / SECOND);
    }
  }
}
