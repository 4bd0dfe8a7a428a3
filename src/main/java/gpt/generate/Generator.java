package gpt.generate;

import gpt.GptException;
import gpt.engine.Engine;
import gpt.engine.Want;
import gpt.model.GptConfig;
import gpt.sampling.HostSampler;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Generates texts with a model on an engine. Not thread-safe, as the engine is not. */
public final class Generator {
  private final Engine engine;
  private final Tokenizer tokenizer;

  /**
   * A generator.
   *
   * @param tokenizer turns ids into text; without one there are ids only, and no stop strings
   */
  public Generator(Engine engine, Optional<Tokenizer> tokenizer) {
    this.engine = engine;
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
    int kept = Math.min(given.length, engine.config().blockSize());
    int[] prompt = Arrays.copyOfRange(given, given.length - kept, given.length);
    if (kept < given.length) {
      listener.promptCropped(given.length, kept);
    }
    List<Generation> generations = new ArrayList<>();
    int first = request.firstSample();
    int end = first + request.samples();
    try (Decoder decoder = new Decoder(engine, prompt, request.traced())) {
      while (first < end) {
        int texts = Math.min(end - first, engine.batchSize());
        Group group = new Group(request, decoder, listener, first, texts);
        if (!group.generate(prompt, given.length - kept, generations)) {
          break;
        }
        first += texts;
      }
    }
    return generations;
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
    beams.check(request, engine.capacity());
    int[] prompt = request.promptIds();
    List<Run> runs;
    List<Double> scores = new ArrayList<>();
    try (BeamSteps steps = new BeamSteps(engine, request.drawing(0), beams.beams())) {
      BeamSearch search = new BeamSearch(request, beams, tokenizer, engine.config().blockSize());
      runs = search.run(steps, listener, scores);
    }
    List<Generation> generations = new ArrayList<>();
    for (Run run : runs) {
      run.tell();
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
    GptConfig config = engine.config();
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
    if (config.vocabSize() > HostSampler.MOST_IDS) {
      throw new GptException(
          "the model has "
              + config.vocabSize()
              + " ids, but tokens can be drawn from "
              + HostSampler.MOST_IDS
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

  /** Texts that are generated together. */
  private final class Group {
    final Request request;
    final Decoder decoder;
    final Run[] runs;
    final Listener listener;

    /** The text that the listener hears of now; those before it have ended. */
    int current;

    Group(Request request, Decoder decoder, Listener listener, int firstSample, int texts) {
      this.request = request;
      this.decoder = decoder;
      this.listener = listener;
      runs = new Run[texts];
      Arrays.setAll(runs, i -> new Run(request, tokenizer, listener, firstSample + i));
    }

    /**
     * Generates the texts and adds them to the list.
     *
     * @return false where the listener ended it
     */
    boolean generate(int[] prompt, int dropped, List<Generation> generations) {
      if (!runs[0].ended()) {
        start();
      }
      while (true) {
        while (current < runs.length) {
          Run run = runs[current];
          run.tell();
          if (!run.ended()) {
            break;
          }
          Generation generation = run.generation(prompt, dropped);
          generations.add(generation);
          listener.ended(generation);
          if (generation.stopReason() == StopReason.CANCELLED) {
            return false;
          }
          current++;
        }
        if (current == runs.length) {
          return true;
        }
        next();
      }
    }

    private void start() {
      long begin = System.nanoTime();
      decoder.start(request.drawing(runs[0].sample()), runs.length);
      long nanos = System.nanoTime() - begin;
      for (int i = 0; i < runs.length; i++) {
        // The prompt is processed once for all.
        runs[i].started(
            nanos, i == 0 ? decoder.prefillTokens() : 0, i == 0 ? decoder.prefillNanos() : 0);
        take(i);
      }
    }

    private void next() {
      long active = Arrays.stream(runs).filter(run -> !run.ended()).count();
      long begin = System.nanoTime();
      decoder.next(i -> !runs[i].ended());
      long nanos = System.nanoTime() - begin;
      for (int i = 0; i < runs.length; i++) {
        if (!runs[i].ended()) {
          runs[i].decoded(nanos / active);
          take(i);
        }
      }
    }

    private void take(int i) {
      Want.Token token = decoder.token(i);
      runs[i].take(token.id(), decoder.full(), token.logprobs(), token.trace());
    }
  }
}
