package gpt.generate;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
import gpt.engine.Engine;
import gpt.generate.beam.BeamSearch;
import gpt.generate.beam.Beams;
import gpt.generate.draft.Drafter;
import gpt.generate.draft.Speculation;
import gpt.model.GptConfig;
import gpt.sampling.ChainTrace;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
import gpt.tokenizer.TextStream;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Generates the completions of requests, by sampling or by beam search. */
public final class Generator {
  private final EngineAccess engines;
  private final GptConfig config;
  private final Tokenizer tokenizer;

  /**
   * Steps the engine on the caller's thread, one request at a time. Not thread-safe, as the engine
   * is not.
   *
   * @param tokenizer decodes ids to text; without one completions have ids only, and stop strings
   *     are rejected
   */
  public Generator(Engine engine, Optional<Tokenizer> tokenizer) {
    this(engine, tokenizer, Optional.empty());
  }

  /**
   * As {@link #Generator(Engine, Optional)}, with speculative decoding.
   *
   * @param drafter guesses tokens, and belongs to the caller
   */
  public Generator(Engine engine, Optional<Tokenizer> tokenizer, Optional<Drafter> drafter) {
    this(new ExclusiveEngine(engine, drafter.map(Speculation::new).orElse(null)), tokenizer);
  }

  /** Generates on a shared engine. Thread-safe: concurrent requests are decoded together. */
  public Generator(SharedEngine engine, Optional<Tokenizer> tokenizer) {
    this((EngineAccess) engine, tokenizer);
  }

  private Generator(EngineAccess engines, Optional<Tokenizer> tokenizer) {
    this.engines = engines;
    this.tokenizer = tokenizer.orElse(null);
    config = engines.config();
  }

  /**
   * Samples the completions of a request. They are decoded together; the listener receives them one
   * after another, in the order of their indices.
   *
   * @return the completions; fewer than requested if the listener cancelled
   * @throws GptException if the request does not fit the model, or no token can be drawn: the
   *     logits are NaN or infinite, or every token is banned
   */
  public List<FinishedCompletion> generate(Request request, Listener listener) {
    check(request);
    int[] given = request.promptIds();
    int kept = Math.min(given.length, config.blockSize());
    int[] prompt = Arrays.copyOfRange(given, given.length - kept, given.length);
    if (kept < given.length) {
      listener.promptCropped(given.length, kept);
    }
    List<FinishedCompletion> results = new ArrayList<>();
    Deque<Delivery> deliveries = new ArrayDeque<>(); // only the first delivers
    int next = request.firstSample();
    int end = next + request.samples();
    try (EngineAccess.Decoding decoding = engines.decode()) {
      while (next < end || !deliveries.isEmpty()) {
        List<RunningCompletion> completions = new ArrayList<>();
        for (; next < end && deliveries.size() < decoding.batchSize(); next++) {
          Delivery delivery = new Delivery(request, tokenizer, listener, next);
          deliveries.add(delivery);
          completions.add(new RunningCompletion(delivery, request, prompt, config.blockSize()));
        }
        decoding.add(completions);
        Delivery delivery = deliveries.getFirst();
        if (!delivery.deliver()) {
          decoding.advance(delivery);
          continue;
        }
        deliveries.removeFirst();
        FinishedCompletion finished = delivery.finished(prompt);
        results.add(finished);
        listener.ended(finished);
        if (finished.stopReason() == StopReason.CANCELLED) {
          break;
        }
      }
    } finally {
      deliveries.forEach(Delivery::cancel);
    }
    return results;
  }

  /** Receives {@link Listener#promptCropped}. */
  @FunctionalInterface
  public interface CropListener {
    /** The model sees the last {@code kept} of the prompt's {@code given} ids. */
    void cropped(int given, int kept);
  }

  /**
   * Returns the trace of the first token after a prompt.
   *
   * @param endIds ids that end a completion
   * @throws GptException if the prompt does not fit the model, or no token can be drawn
   */
  public ChainTrace firstTrace(
      int[] prompt, int[] endIds, SamplingParameters sampling, CropListener cropped) {
    int max = Math.max(1, sampling.minNewTokens());
    Request request =
        new Request(
            prompt,
            new Request.Length(max, endIds, List.of(), OnFull.SLIDE),
            sampling,
            0,
            1,
            0,
            true);
    ChainTrace[] first = new ChainTrace[1];
    generate(
        request,
        new Listener() {
          @Override
          public boolean token(int sample, int id, String text) {
            return false; // cancel after the first token
          }

          @Override
          public void traced(int sample, ChainTrace trace) {
            first[0] = trace;
          }

          @Override
          public void promptCropped(int given, int kept) {
            cropped.cropped(given, kept);
          }
        });
    return first[0];
  }

  /**
   * Finds the {@code samples} likeliest completions with {@link BeamSearch}, best first. The
   * listener receives their tokens when the search has ended.
   *
   * @param request temperature 0 without penalties; logit biases and a minimum of new tokens are
   *     allowed; completions end where the context window is full
   * @return the completions; fewer than requested if the search found fewer or the listener
   *     cancelled
   * @throws GptException if the request does not fit the model or beam search, or the model's
   *     logits are NaN or infinite
   */
  public List<FinishedCompletion> search(Request request, Beams beams, Listener listener) {
    check(request);
    check(request, beams);
    int[] prompt = request.promptIds();
    boolean stops = !request.length().stops().isEmpty();
    TextStream text = stops ? new TextStream(tokenizer, prompt, request.length().stops()) : null;
    BeamSearch search = new BeamSearch(request.drawing(), beams, text);
    List<BeamSearch.Found> found =
        engines.call(
            beams.beams(),
            engine -> search.run(engine, request.length().maxNewTokens(), listener::searched));
    int completions = Math.min(request.samples(), found.size());
    List<FinishedCompletion> results = new ArrayList<>();
    for (BeamSearch.Found best : found.subList(0, completions)) {
      Delivery delivery = new Delivery(request, tokenizer, listener, results.size());
      if (best.ids().length > 0) {
        boolean first = results.isEmpty(); // the shared prefill counts once
        long prefill = search.prefillNanos();
        delivery.recordPrefill(prefill, first ? prompt.length : 0, first ? prefill : 0);
        delivery.recordDecode(search.decodeNanos() / completions);
      }
      for (int i = 0; i < best.ids().length; i++) {
        boolean full = prompt.length + i >= config.blockSize();
        delivery.add(best.ids()[i], full, Optional.empty(), Optional.empty());
      }
      delivery.deliver();
      FinishedCompletion finished = delivery.finished(prompt).withScore(best.score());
      results.add(finished);
      listener.ended(finished);
      if (finished.stopReason() == StopReason.CANCELLED) {
        break;
      }
    }
    return results;
  }

  private void check(Request request) {
    int[] ids = request.promptIds();
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= config.vocabSize()) {
        throw new GptException(
            "the prompt's token %s is id %s, but the model's ids are 0 to %s"
                .formatted(i + 1, ids[i], config.vocabSize() - 1));
      }
    }
    if (config.vocabSize() > HostSampler.MAX_VOCAB_SIZE) {
      throw new GptException(
          "the model has %s ids, but tokens can be drawn from %s at most"
              .formatted(config.vocabSize(), HostSampler.MAX_VOCAB_SIZE));
    }
    request
        .sampling()
        .logitBias()
        .keySet()
        .forEach(
            id -> {
              if (id >= config.vocabSize()) {
                throw new GptException(
                    "a logit bias is for id "
                        + id
                        + ", but the model's ids are 0 to "
                        + (config.vocabSize() - 1));
              }
            });
    if (request.length().onFull() == OnFull.STOP && ids.length > config.blockSize()) {
      throw new GptException(
          ("the prompt has %s tokens, but the model's context holds %s; shorten it, or let"
                  + " the context slide")
              .formatted(ids.length, config.blockSize()));
    }
    if (request.length().shift() < 0 || request.length().shift() >= config.blockSize()) {
      throw new GptException(
          "the context holds %s tokens, so a shift must drop 1 to %s of them, found %s"
              .formatted(config.blockSize(), config.blockSize() - 1, request.length().shift()));
    }
    if (tokenizer == null && !request.length().stops().isEmpty()) {
      throw new GptException("stop strings need a tokenizer, and this model has none");
    }
  }

  /** Rejects requests that beam search does not support. */
  private void check(Request request, Beams beams) {
    int width = beams.beams();
    int capacity = engines.capacity();
    if (width > capacity) {
      throw new GptException(
          ("the device has memory for %s sequences at once, but %s beams need one each; use"
                  + " at most %s beams")
              .formatted(capacity, width, capacity));
    }
    SamplingParameters sampling = request.sampling();
    if (request.samples() > width || request.firstSample() != 0) {
      throw new GptException(
          width + " beams give at most " + width + " completions, found " + request.samples());
    }
    if (sampling.needsHistory() || sampling.temperature() != 0) {
      throw new GptException(
          "beam search does not sample: expected temperature 0 and no repetition, presence or"
              + " frequency penalty");
    }
    if (request.length().onFull() != OnFull.STOP) {
      throw new GptException("beam search cannot slide the context");
    }
  }
}
