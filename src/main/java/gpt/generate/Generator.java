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

/** Generates the texts of requests. */
public final class Generator {
  private final EngineAccess engines;
  private final GptConfig config;
  private final Tokenizer tokenizer;

  /**
   * Generates on the caller's thread, one request at a time: not thread-safe, as the engine is not.
   *
   * @param tokenizer turns ids into text; without one there are ids only, and no stop strings
   */
  public Generator(Engine engine, Optional<Tokenizer> tokenizer) {
    this(new OwnEngine(engine), tokenizer);
  }

  /** Generates for any number of threads, as the engine allows it. */
  public Generator(SharedEngine engine, Optional<Tokenizer> tokenizer) {
    this((EngineAccess) engine, tokenizer);
  }

  private Generator(EngineAccess engines, Optional<Tokenizer> tokenizer) {
    this.engines = engines;
    this.tokenizer = tokenizer.orElse(null);
    config = engines.config();
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
    int kept = Math.min(given.length, config.blockSize());
    int[] prompt = Arrays.copyOfRange(given, given.length - kept, given.length);
    if (kept < given.length) {
      listener.promptCropped(given.length, kept);
    }
    List<Generation> generations = new ArrayList<>();
    Deque<Run> runs = new ArrayDeque<>(); // the listener hears of the first
    int next = request.firstSample();
    int end = next + request.samples();
    try (EngineAccess.Decoding decoding = engines.decode()) {
      while (next < end || !runs.isEmpty()) {
        List<Text> texts = new ArrayList<>();
        for (; next < end && runs.size() < decoding.together(); next++) {
          Run run = new Run(request, tokenizer, listener, next);
          runs.add(run);
          texts.add(new Text(run, request, prompt, config.blockSize()));
        }
        decoding.add(texts);
        Run run = runs.getFirst();
        if (!run.deliver()) {
          decoding.advance(run);
          continue;
        }
        runs.removeFirst();
        Generation generation = run.generation(prompt, given.length - kept);
        generations.add(generation);
        listener.ended(generation);
        if (generation.stopReason() == StopReason.CANCELLED) {
          break;
        }
      }
    } finally {
      runs.forEach(Run::cancel);
    }
    return generations;
  }

  /** Hears that a prompt is longer than the context. */
  @FunctionalInterface
  public interface CropListener {
    /** Of {@code given} ids in the prompt the model sees the last {@code kept}. */
    void cropped(int given, int kept);
  }

  /**
   * How the first token after a prompt is drawn.
   *
   * @param endIds ids that end a text
   * @throws GptException where the prompt does not fit the model, or no token can be drawn
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
            return false; // one is enough
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
   * Searches for the likeliest texts with {@link BeamSearch}, {@code samples} of them, the best one
   * first. The listener hears of them when the search has ended.
   *
   * @param request its sampling may bias logits and hold back the end, no more, and the texts end
   *     where the context is full
   * @return the texts, fewer than asked for where there are not so many or the listener ended it
   * @throws GptException where the request does not fit the model or makes no sense for a search,
   *     or the model gives logits that are no numbers
   */
  public List<Generation> search(Request request, Beams beams, Listener listener) {
    check(request);
    beams.check(request, engines.capacity());
    int[] prompt = request.promptIds();
    List<Double> scores = new ArrayList<>();
    BeamSearch search = new BeamSearch(request, beams, tokenizer, config.blockSize());
    List<Run> runs =
        engines.call(
            beams.beams(),
            engine -> {
              try (BeamSteps steps = new BeamSteps(engine, request.drawing(0), beams.beams())) {
                return search.run(steps, listener, scores);
              }
            });
    List<Generation> generations = new ArrayList<>();
    for (Run run : runs) {
      run.deliver();
      Generation generation = run.generation(prompt, 0).scored(scores.get(generations.size()));
      generations.add(generation);
      listener.ended(generation);
      if (generation.stopReason() == StopReason.CANCELLED) {
        break;
      }
    }
    return generations;
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
    if (tokenizer == null && !request.stops().isEmpty()) {
      throw new GptException("stop strings need a tokenizer, and this model has none");
    }
  }
}
