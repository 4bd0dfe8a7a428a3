package gpt.generate;

import gpt.GptException;
import gpt.OnFull;
import gpt.StopReason;
import gpt.engine.Engine;
import gpt.model.GptConfig;
import gpt.sampling.ChainTrace;
import gpt.sampling.HostSampler;
import gpt.sampling.SamplingParameters;
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
        FinishedCompletion finished = delivery.finished(prompt, given.length - kept);
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
        new Request(prompt, max, endIds, List.of(), OnFull.SLIDE, sampling, 0, 1, 0, true);
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
    beams.check(request, engines.capacity());
    int[] prompt = request.promptIds();
    List<Double> scores = new ArrayList<>();
    BeamSearch search = new BeamSearch(request, beams, tokenizer, config.blockSize());
    List<Delivery> deliveries =
        engines.call(
            beams.beams(),
            engine -> {
              try (BeamSteps steps = new BeamSteps(engine, request.drawing(0), beams.beams())) {
                return search.run(steps, listener, scores);
              }
            });
    List<FinishedCompletion> results = new ArrayList<>();
    for (Delivery delivery : deliveries) {
      delivery.deliver();
      double score = scores.get(results.size());
      FinishedCompletion finished = delivery.finished(prompt, 0).withScore(score);
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
            "the prompt's token "
                + (i + 1)
                + " is id "
                + ids[i]
                + ", but the model's ids are 0 to "
                + (config.vocabSize() - 1));
      }
    }
    if (config.vocabSize() > HostSampler.MAX_VOCAB_SIZE) {
      throw new GptException(
          "the model has "
              + config.vocabSize()
              + " ids, but tokens can be drawn from "
              + HostSampler.MAX_VOCAB_SIZE
              + " at most");
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
    if (request.onFull() == OnFull.STOP && ids.length > config.blockSize()) {
      throw new GptException(
          "the prompt has "
              + ids.length
              + " tokens, but the model's context holds "
              + config.blockSize()
              + "; shorten it, or let the context slide");
    }
    if (request.shift() < 0 || request.shift() >= config.blockSize()) {
      throw new GptException(
          "the context holds "
              + config.blockSize()
              + " tokens, so a shift must drop 1 to "
              + (config.blockSize() - 1)
              + " of them, found "
              + request.shift());
    }
    if (tokenizer == null && !request.stops().isEmpty()) {
      throw new GptException("stop strings need a tokenizer, and this model has none");
    }
  }
}
