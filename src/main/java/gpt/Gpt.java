package gpt;

import static java.lang.System.Logger.Level.INFO;

import gpt.explore.AttentionWeights;
import gpt.explore.LossMeter;
import gpt.generate.FinishedCompletion;
import gpt.generate.Generator;
import gpt.generate.Listener;
import gpt.generate.Request;
import gpt.generate.SharedEngine;
import gpt.generate.beam.Beams;
import gpt.load.LoadedModel;
import gpt.load.SharedModel;
import gpt.sampling.ChainTrace;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Utf8Decoder;
import gpt.tokenizer.Vocabulary;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A GPT-2 or nanoGPT model on a device. It generates completions, returns the distribution of the
 * next token, and computes the loss of a text and the attention weights of a head.
 *
 * <pre>{@code
 * try (Gpt gpt = Gpt.load("shakespeare-char")) {
 *   gpt.stream("ROMEO:", options().maxNewTokens(60), token -> System.out.print(token.text()));
 *   Completion completion = gpt.complete("JULIET:");
 * }
 * }</pre>
 *
 * <p><b>Threads.</b> This class is thread-safe. The completions of concurrent calls are decoded in
 * batches, so that each weight is read once for all of them. Batching does not change results: they
 * depend only on the model, the device, the prompt, the options and the seed. If the thread is
 * interrupted, its call ends with a {@link GptException} before the model's next step, and the
 * thread stays interrupted. {@link #close} ends all calls with a {@link GptException}.
 *
 * <p><b>Errors</b> are {@link GptException}s, whose message is one line that says what is wrong,
 * where, and what to do.
 *
 * <p><b>Speed.</b> To use the CPU's vector instructions, start Java with {@code --add-modules
 * jdk.incubator.vector}. Without it the CPU is several times slower, and a warning is logged once.
 *
 * <p>Notes and warnings are logged to the {@link System.Logger} named {@code gpt}.
 */
public final class Gpt implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("gpt");

  private final SharedEngine engine;
  private final LoadedModel loaded;
  private final Generator generator;
  private final Results results;

  private Gpt(SharedModel model) {
    engine = model.engine();
    loaded = model.loaded();
    generator = new Generator(engine, loaded.tokenizer());
    results = new Results(new Vocabulary(loaded.tokenizer()));
  }

  /**
   * Loads a model onto the best available device.
   *
   * @param model a folder with {@code config.json} and {@code model.safetensors}; a nanoGPT output
   *     folder; a {@code .pt}, {@code .safetensors} or {@code .gguf} file; the name of a folder in
   *     {@code weights/} or of a model on the class path ({@code shakespeare-char}, from the
   *     artifact with classifier {@code demo}); or a model in the Hugging Face cache: {@code gpt2},
   *     {@code ORG/NAME[@REVISION]}
   * @throws GptException if the model is not found or cannot be loaded
   */
  public static Gpt load(String model) {
    return load(model, LoadOptions.loadOptions());
  }

  /**
   * Loads a model.
   *
   * @param model as for {@link #load(String)}
   * @param options device, precision, threads, whether to download
   * @throws GptException if the model or the device is not found, or the model does not fit into
   *     the device's memory
   */
  public static Gpt load(String model, LoadOptions options) {
    return new Gpt(Loading.load(Objects.requireNonNull(model), Objects.requireNonNull(options)));
  }

  // Completions.

  /** Continues a prompt with the default options: see {@link #complete(String, Options)}. */
  public Completion complete(String prompt) {
    return complete(prompt, Options.options());
  }

  /**
   * Continues a prompt.
   *
   * @param prompt a text of at least one token
   * @throws GptException if the prompt or the options do not fit the model, the thread is
   *     interrupted, or the model is closed
   */
  public Completion complete(String prompt, Options options) {
    return complete(tokens(prompt), options);
  }

  /**
   * Continues a prompt of token ids. This needs no tokenizer.
   *
   * @param prompt at least one id, each from 0 to {@link #vocabSize} − 1
   */
  public Completion complete(int[] prompt, Options options) {
    return streamWhile(prompt, options, token -> true);
  }

  /**
   * Continues a prompt and passes each token to a listener as soon as it is drawn.
   *
   * @param listener called on this thread; an exception from it cancels the completion and is
   *     rethrown
   * @return the whole completion
   */
  public Completion stream(String prompt, Options options, Consumer<? super Token> listener) {
    return streamWhile(
        prompt,
        options,
        token -> {
          listener.accept(token);
          return true;
        });
  }

  /**
   * Continues a prompt until a listener returns false.
   *
   * @param listener receives each token on this thread; returns false to cancel the completion
   * @return the completion up to the last token that the listener received
   */
  public Completion streamWhile(String prompt, Options options, Predicate<? super Token> listener) {
    return streamWhile(tokens(prompt), options, listener);
  }

  /** As {@link #streamWhile(String, Options, Predicate)}, for a prompt of token ids. */
  public Completion streamWhile(int[] prompt, Options options, Predicate<? super Token> listener) {
    if (options.samples() != 1) {
      throw new GptException(
          "this method returns one completion, but the options request "
              + options.samples()
              + " samples; call completions");
    }
    return generate(prompt, options, listener).getFirst();
  }

  /**
   * Generates {@link Options#samples} completions of a prompt; with beam search, the best ones,
   * best first. The prompt is prefilled once for all.
   */
  public List<Completion> completions(String prompt, Options options) {
    return completions(tokens(prompt), options);
  }

  /** As {@link #completions(String, Options)}, for a prompt of token ids. */
  public List<Completion> completions(int[] prompt, Options options) {
    return generate(prompt, options, token -> true);
  }

  /**
   * Continues a prompt in the background.
   *
   * @return the future completion. {@link Future#cancel cancel(true)} interrupts its thread, which
   *     ends the completion. If it fails, the {@link java.util.concurrent.ExecutionException} has
   *     the {@link GptException} as its cause.
   */
  public Future<Completion> submit(String prompt, Options options) {
    FutureTask<Completion> task = new FutureTask<>(() -> complete(prompt, options));
    Thread.ofVirtual().name("gpt-call").start(task);
    return task;
  }

  private List<Completion> generate(
      int[] prompt, Options options, Predicate<? super Token> listener) {
    boolean search = options.beams() > 0;
    Request request = request(prompt, options, search);
    Listener adapter =
        new Listener() {
          @Override
          public boolean token(int sample, int id, String text) {
            return listener.test(new Token(id, text));
          }

          @Override
          public void promptCropped(int given, int kept) {
            LOG.log(INFO, "the prompt has {0} tokens, the model sees the last {1}", given, kept);
          }
        };
    List<FinishedCompletion> completions =
        search
            ? generator.search(
                request, new Beams(options.beams(), options.lengthPenalty()), adapter)
            : generator.generate(request, adapter);
    return completions.stream().map(each -> results.completion(each, options)).toList();
  }

  private Request request(int[] prompt, Options options, boolean search) {
    return new Request(
        prompt,
        new Request.Length(
            options.length().maxNewTokens(),
            loaded.endIds(),
            options.length().stops(),
            search ? OnFull.STOP : options.length().onFull()),
        search ? options.sampling().forSearch() : options.sampling(),
        0,
        options.samples(),
        search ? 0 : Math.max(1, options.topLogprobs()),
        false);
  }

  // Analysis.

  /**
   * Returns the candidates for the next token, and the probabilities after each step of the
   * sampling chain.
   *
   * @param prompt a text of at least one token
   * @param options the sampling chain and the seed
   * @param top number of the likeliest tokens to list, at least 1
   */
  public Candidates next(String prompt, Options options, int top) {
    return next(tokens(prompt), options, top);
  }

  /** As {@link #next(String, Options, int)}, for a prompt of token ids. */
  public Candidates next(int[] prompt, Options options, int top) {
    if (top < 1) {
      throw new GptException("top must be 1 or more, found " + top);
    }
    ChainTrace trace =
        generator.firstTrace(prompt, loaded.endIds(), options.sampling(), (given, kept) -> {});
    return results.candidates(trace, top);
  }

  /**
   * Computes the cross-entropy loss of a text: −ln of each token's probability given the tokens
   * before it. Texts longer than the context window are cut into windows that do not overlap.
   *
   * @param text at least two tokens
   */
  public Loss loss(String text) {
    return loss(tokens(text));
  }

  /** As {@link #loss(String)}, for token ids. */
  public Loss loss(int[] ids) {
    if (ids.length < 2) {
      throw new GptException(
          "a loss needs at least 2 tokens, since the first is not scored; found " + ids.length);
    }
    checkIds(ids);
    Loss loss =
        engine.call(
            1, lease -> LossMeter.measure(lease, ids, contextLength(), (losses, first, end) -> {}));
    return loaded.tokenizer().map(t -> LossMeter.withBytes(loss, t)).orElse(loss);
  }

  /**
   * Computes the attention weights of one head: the causal softmax(Q Kᵀ / √(head size)).
   *
   * @param text 1 to {@link #contextLength} tokens (T)
   * @param layer index of the transformer block, from 0
   * @param head index of the head in it, from 0
   * @return (T, 1 to T): row i has the i + 1 weights of query i, whose sum is 1
   * @throws GptException on a TornadoVM device, whose kernels do not store the weights
   */
  public float[][] attention(String text, int layer, int head) {
    int[] ids = tokens(text);
    if (ids.length < 1 || ids.length > contextLength()) {
      throw new GptException(
          "attention needs 1 to " + contextLength() + " tokens, found " + ids.length);
    }
    return engine.call(1, lease -> AttentionWeights.of(lease, ids, layer, head));
  }

  private void checkIds(int[] ids) {
    for (int id : ids) {
      if (id < 0 || id >= vocabSize()) {
        throw new GptException(
            "token " + id + " is not in the vocabulary: ids are 0 to " + (vocabSize() - 1));
      }
    }
  }

  // Tokens.

  /**
   * Tokenizes a text.
   *
   * @throws GptException if the text has a character that is not in the vocabulary, or the model
   *     has no tokenizer
   */
  public int[] tokens(String text) {
    return tokenizer().encode(text);
  }

  /**
   * Decodes token ids to text. Bytes that are not a whole character become U+FFFD.
   *
   * @throws GptException if an id is not in the vocabulary, or the model has no tokenizer
   */
  public String detokenize(int... ids) {
    checkIds(ids);
    Utf8Decoder decoder = new Utf8Decoder();
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(decoder.decode(tokenizer().decode(id)));
    }
    return text.append(decoder.flush()).toString();
  }

  private Tokenizer tokenizer() {
    return loaded
        .tokenizer()
        .orElseThrow(() -> new GptException("this model has no tokenizer; pass token ids"));
  }

  /** The vocabulary size V, including padding. Ids are 0 to V − 1. */
  public int vocabSize() {
    return engine.config().vocabSize();
  }

  /** The context window in tokens (block_size). */
  public int contextLength() {
    return engine.config().blockSize();
  }

  /** The device: {@code cpu}, or {@code tornado:BACKEND:DEVICE}. */
  public String device() {
    return engine.device();
  }

  /** The precision of the weight matrices, such as {@code f32}. */
  public String dtype() {
    return engine.dtype();
  }

  /**
   * Closes the model and frees its memory. Running calls end with a {@link GptException}. Closing
   * again has no effect.
   */
  @Override
  public void close() {
    engine.close();
  }
}
