package gpt.generate;

import gpt.model.Backend;
import gpt.model.GptConfig;
import gpt.model.GptException;
import gpt.sampling.Drawing;
import gpt.sampling.HostSampler;
import gpt.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Generates texts with a model on a backend. Not thread-safe, as the backend is not. */
public final class Generator {
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
    List<Generation> generations = new ArrayList<>();
    int first = request.firstSample();
    int end = first + request.samples();
    try (Source host = new HostSource(backend, request.drawing(first), prompt, request.traced())) {
      while (first < end) {
        Optional<Source> batch = batch(request, prompt, first, end - first);
        try {
          Group group = new Group(request, batch.orElse(host), listener, first);
          if (!group.generate(prompt, given.length - kept, generations)) {
            break;
          }
          first += group.runs.length;
        } finally {
          batch.ifPresent(Source::close);
        }
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
    beams.check(request, backend.contexts());
    int[] prompt = request.promptIds();
    List<Run> runs;
    List<Double> scores = new ArrayList<>();
    try (Backend.BeamBatch source = beams(request, beams.beams())) {
      BeamSearch search = new BeamSearch(request, beams, tokenizer, backend.config().blockSize());
      runs = search.run(source, listener, scores);
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

  /** The backend's own beams if it has them, else some that are made of its contexts. */
  private Backend.BeamBatch beams(Request request, int beams) {
    Drawing drawing = request.drawing(0);
    return backend.newBeams(drawing, beams).orElseGet(() -> new HostBeams(backend, drawing, beams));
  }

  /** As many of the remaining texts together as the backend takes, if it draws them itself. */
  private Optional<Source> batch(Request request, int[] prompt, int first, int remaining) {
    if (request.traced()) {
      return Optional.empty(); // the logits must come to the host
    }
    int texts = Math.min(remaining, backend.batchSize());
    return backend
        .newBatch(request.drawing(first), texts)
        .map(
            batch ->
                new BatchSource(
                    batch, texts, backend.config().blockSize(), prompt, request.logprobs() > 0));
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
    final Source source;
    final Run[] runs;
    final Listener listener;

    /** The text that the listener hears of now; those before it have ended. */
    int told;

    Group(Request request, Source source, Listener listener, int firstSample) {
      this.source = source;
      this.listener = listener;
      runs = new Run[source.texts()];
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
        while (told < runs.length) {
          Run run = runs[told];
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
          told++;
        }
        if (told == runs.length) {
          return true;
        }
        next();
      }
    }

    private void start() {
      long begin = System.nanoTime();
      int[] ids = source.start();
      long nanos = System.nanoTime() - begin;
      for (int i = 0; i < runs.length; i++) {
        // The prompt is processed once for all.
        runs[i].started(
            nanos, i == 0 ? source.prefillTokens() : 0, i == 0 ? source.prefillNanos() : 0);
        runs[i].take(ids[i], source.full(), source.logprobs(i), source.trace(i));
      }
    }

    private void next() {
      long active = Arrays.stream(runs).filter(run -> !run.ended()).count();
      long begin = System.nanoTime();
      int[] ids = source.next(i -> !runs[i].ended());
      long nanos = System.nanoTime() - begin;
      for (int i = 0; i < runs.length; i++) {
        if (!runs[i].ended()) {
          runs[i].decoded(nanos / active);
          runs[i].take(ids[i], source.full(), source.logprobs(i), source.trace(i));
        }
      }
    }
  }
}
