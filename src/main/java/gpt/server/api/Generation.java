package gpt.server.api;

import gpt.GptException;
import gpt.OnFull;
import gpt.generate.FinishedCompletion;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.sampling.Logprobs;
import gpt.tokenizer.ChatTemplate;
import gpt.tokenizer.Utf8Decoder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Runs the completions of one request on the shared engine, each on a virtual thread of its own,
 * and passes what they produce to the thread that calls {@link #stream} or {@link #collect}. Any
 * thread may {@link #cancel} it: the completions leave the engine before its next step.
 */
public final class Generation {
  private final ServedModel model;
  private final ApiRequest request;
  private final Object caller;
  private final List<int[]> prompts = new ArrayList<>();
  private final List<Request> requests = new ArrayList<>();
  private final List<RunningChoice> running = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>(); // guarded by itself
  private boolean cancelled; // guarded by threads
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final long begin = System.nanoTime();
  private long firstTokenNanos = -1;
  private long lastTokenNanos = -1;

  /** What a completion's thread reports. */
  private sealed interface Event {
    record Echo(int completion, List<Logprobs> logprobs) implements Event {}

    record Token(int completion, int id, String text, Logprobs logprobs) implements Event {}

    record Ended(int completion, FinishedCompletion finished) implements Event {}

    record Failed(RuntimeException why) implements Event {}
  }

  /** Thrown to the request's thread after {@link #cancel}. */
  public static final class CancelledException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CancelledException() {
      super("the request was cancelled");
    }
  }

  /**
   * Prepares the completions of a request.
   *
   * @throws ApiException if the request does not fit the model
   */
  public Generation(ServedModel model, ApiRequest request) {
    this(model, request, null);
  }

  /**
   * As {@link #Generation(ServedModel, ApiRequest)}, for one of several requests of a caller.
   *
   * @param caller who sends the request: callers take turns, and one caller's completions start in
   *     their order; null for a caller of one request
   */
  public Generation(ServedModel model, ApiRequest request, Object caller) {
    this.model = model;
    this.request = request;
    this.caller = caller == null ? this : caller;
    model.checkName(request.model());
    request.sampling().logitBias().keySet().forEach(id -> model.checkId(id, "logit_bias"));
    if (!request.stops().isEmpty()) {
      model.tokenizer("stop");
    }
    boolean ranked = request.bestOf() > request.choices();
    int logprobs = Math.max(request.logprobs(), request.logprobs() == 0 || ranked ? 1 : 0);
    for (Prompt prompt : request.prompts()) {
      int[] ids = model.encode(prompt);
      prompts.add(ids);
      for (int sample = 0; sample < request.bestOf(); sample++) {
        requests.add(request(ids, sample, logprobs));
        running.add(new RunningChoice(model, ids, request.logprobs() >= 0));
      }
    }
  }

  /**
   * The generation of a chat.
   *
   * @throws ApiException if the model is a base model, or the request does not fit it
   */
  public static Generation of(ServedModel model, ChatRequest chat) {
    ApiRequest request = chat.request();
    model.checkName(request.model());
    ChatTemplate template =
        model
            .template()
            .orElseThrow(
                () ->
                    new ApiException(
                        400,
                        ApiException.INVALID,
                        "model",
                        "not_a_chat_model",
                        "'"
                            + model.name()
                            + "' is a base model: it continues a text and has no chat format; use"
                            + " /v1/completions, or start the server with --chat-template for a"
                            + " chat model"));
    return new Generation(model, request.of(prompt(chat.messages(), template, model)));
  }

  /**
   * The prompt of a chat.
   *
   * @throws ApiException if the template has no place for a message
   */
  private static Prompt prompt(
      List<ChatRequest.Message> messages, ChatTemplate template, ServedModel model) {
    List<int[]> turns = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      ChatRequest.Message message = messages.get(i);
      String param = "messages[" + i + "]";
      if (!message.role().equals("user") && !message.role().equals("assistant")) {
        throw ApiException.invalid(
            param + ".role",
            param
                + ".role is "
                + message.role()
                + ", but this model knows user and assistant only");
      }
      int[] text = model.encode(message.content(), param + ".content");
      try {
        turns.add(template.turn(text, model.tokenizer("messages")));
      } catch (GptException e) {
        throw ApiException.invalid("messages", "messages: " + e.getMessage());
      }
    }
    int[] ids = turns.stream().flatMapToInt(IntStream::of).toArray();
    return new Prompt(null, ids, "messages");
  }

  private Request request(int[] ids, int sample, int logprobs) {
    try {
      return new Request(
          ids,
          new Request.Length(request.maxTokens(), model.endIds(), request.stops(), OnFull.STOP),
          request.sampling(),
          sample,
          1,
          logprobs,
          false);
    } catch (GptException e) {
      throw ApiException.invalid(null, e.getMessage());
    }
  }

  /** The request. */
  public ApiRequest request() {
    return request;
  }

  /** Number of completions that are generated. */
  public int completions() {
    return requests.size();
  }

  /** What the request took so far. */
  public Usage usage() {
    return new Usage(
        prompts.stream().mapToInt(ids -> ids.length).sum(),
        running.stream().mapToInt(RunningChoice::tokens).sum());
  }

  /** Time from the request to the first token, in nanoseconds; −1 if there is none. */
  public long firstTokenNanos() {
    return firstTokenNanos;
  }

  /** Time from the first token to the last, in nanoseconds; 0 if there are fewer than two. */
  public long decodeNanos() {
    return lastTokenNanos - firstTokenNanos; // both are −1 without a token
  }

  // The thread of the request.

  /**
   * Runs all completions to their end.
   *
   * @param listener receives deltas as soon as there is text, on the calling thread
   * @throws CancelledException if the request is cancelled
   * @throws GptException if the engine fails
   */
  public void stream(Consumer<Delta> listener) {
    run(listener);
  }

  /** As {@link #stream}; returns the whole choices in order, the likeliest of each prompt. */
  public List<Delta> collect() {
    List<Delta> ended = run(null);
    List<Delta> chosen = new ArrayList<>();
    for (int first = 0; first < ended.size(); first += request.bestOf()) {
      List<Integer> order = new ArrayList<>();
      for (int i = first; i < first + request.bestOf(); i++) {
        order.add(i);
      }
      if (request.bestOf() > request.choices()) {
        order.sort(Comparator.comparingDouble(i -> -running.get(i).score()));
      }
      for (int i : order.subList(0, request.choices())) {
        Delta best = ended.get(i);
        chosen.add(
            new Delta(chosen.size(), best.text(), best.ids(), best.logprobs(), best.finish()));
      }
    }
    return chosen;
  }

  private List<Delta> run(Consumer<Delta> listener) {
    Delta[] ended = new Delta[requests.size()];
    try {
      start();
      for (int left = requests.size(); left > 0; ) {
        switch (events.take()) {
          case Event.Echo echo -> {
            echo(echo);
            emit(echo.completion(), listener);
          }
          case Event.Token token -> {
            RunningChoice choice = running.get(token.completion());
            choice.add(token.id(), token.text(), token.logprobs());
            lastTokenNanos = System.nanoTime() - begin;
            firstTokenNanos = firstTokenNanos < 0 ? lastTokenNanos : firstTokenNanos;
            emit(token.completion(), listener);
          }
          case Event.Ended end -> {
            int i = end.completion();
            ended[i] = running.get(i).delta(i, end.finished());
            if (listener != null) {
              listener.accept(ended[i]);
            }
            left--;
          }
          case Event.Failed failed -> throw failed.why();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancelledException();
    } finally {
      cancel();
    }
    return List.of(ended);
  }

  private void emit(int completion, Consumer<Delta> listener) {
    if (listener != null && running.get(completion).hasText()) {
      listener.accept(running.get(completion).delta(completion, null));
    }
  }

  private void echo(Event.Echo echo) {
    int[] ids = prompts.get(echo.completion() / request.bestOf());
    Utf8Decoder decoder = new Utf8Decoder();
    StringBuilder text = new StringBuilder();
    List<ScoredToken> tokens = new ArrayList<>();
    for (int i = 0; i < ids.length; i++) {
      int offset = text.codePointCount(0, text.length());
      text.append(model.decode(decoder, ids[i]));
      if (request.logprobs() >= 0) {
        tokens.add(new ScoredToken(ids[i], offset, i == 0 ? null : echo.logprobs().get(i - 1)));
      }
    }
    running.get(echo.completion()).echo(text.toString(), tokens);
  }

  // The completions' threads.

  private void start() {
    int perPrompt = request.bestOf();
    for (int p = 0; p < prompts.size(); p++) {
      int first = p * perPrompt;
      if (request.echo() && request.logprobs() >= 0) {
        int[] ids = prompts.get(p);
        startThread(
            () -> {
              List<Logprobs> scores = PromptScorer.score(model, ids, request.logprobs());
              for (int i = first; i < first + perPrompt; i++) {
                events.add(new Event.Echo(i, scores));
                startCompletion(i);
              }
            });
      } else {
        for (int i = first; i < first + perPrompt; i++) {
          if (request.echo()) {
            events.add(new Event.Echo(i, List.of()));
          }
          startCompletion(i);
        }
      }
    }
  }

  private void startCompletion(int completion) {
    startThread(
        () ->
            model
                .generator()
                .generate(
                    requests.get(completion),
                    new Listener() {
                      private Logprobs logprobs;

                      @Override
                      public void logprobs(int sample, Logprobs each) {
                        logprobs = each;
                      }

                      @Override
                      public boolean token(int sample, int id, String text) {
                        events.add(new Event.Token(completion, id, text, logprobs));
                        return true;
                      }

                      @Override
                      public Object caller() {
                        return caller;
                      }

                      @Override
                      public void ended(FinishedCompletion finished) {
                        events.add(new Event.Ended(completion, finished));
                      }
                    }));
  }

  private void startThread(Runnable task) {
    Thread thread = Thread.ofVirtual().name("gpt-completion").unstarted(() -> guarded(task));
    synchronized (threads) {
      if (!cancelled) {
        threads.add(thread);
        thread.start();
      }
    }
  }

  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      boolean by;
      synchronized (threads) {
        by = cancelled;
      }
      events.add(new Event.Failed(by ? new CancelledException() : e));
    }
  }

  /** Ends all completions. Has no effect on ended ones. Any thread may call this. */
  public void cancel() {
    synchronized (threads) {
      cancelled = true;
      threads.forEach(Thread::interrupt);
    }
    events.add(new Event.Failed(new CancelledException()));
  }
}
