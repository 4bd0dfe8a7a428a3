package gpt.server.api;

import gpt.GptException;
import gpt.generate.Generator;
import gpt.generate.SchedulerListener;
import gpt.generate.SharedEngine;
import gpt.generate.draft.Drafter;
import gpt.load.LoadedModel;
import gpt.load.SharedModel;
import gpt.model.GptConfig;
import gpt.tokenizer.ChatTemplate;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Utf8Decoder;
import gpt.tokenizer.Vocabulary;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** The model that a server offers: a shared engine, the tokenizer, and how a chat is written. */
public final class ServedModel implements AutoCloseable {
  private final String name;
  private final SharedEngine engine;
  private final LoadedModel loaded;
  private final Generator generator;
  private final Optional<ChatTemplate> template;
  private final long created = System.currentTimeMillis() / 1000;
  private final String fingerprint;
  private final int longestToken;

  /**
   * Loads a model on the thread of a new shared engine.
   *
   * @param name the name in the API
   * @param load loads the model
   * @param maxSequences maximum number of completions that are decoded together
   * @param drafter opens what guesses tokens for a loaded model, if anything does
   * @param template how a chat is written; empty for what the checkpoint says
   * @param figures receives the scheduler's figures
   * @throws GptException if the model cannot be loaded
   */
  public ServedModel(
      String name,
      Supplier<LoadedModel> load,
      int maxSequences,
      Function<LoadedModel, Optional<Drafter>> drafter,
      Optional<ChatTemplate> template,
      SchedulerListener figures) {
    this.name = name;
    SharedModel model = SharedModel.load(load, maxSequences, drafter, figures);
    engine = model.engine();
    loaded = model.loaded();
    this.template = template.or(loaded::chatTemplate);
    generator = new Generator(engine, loaded.tokenizer());
    String build = String.valueOf(ServedModel.class.getPackage().getImplementationVersion());
    String parts = String.join(" ", build, name, engine.device(), engine.dtype());
    longestToken =
        IntStream.range(0, config().vocabSize()).map(id -> bytes(id).length).max().orElse(0);
    fingerprint = "fp_" + HexFormat.of().toHexDigits(parts.hashCode());
  }

  /** The name in the API. */
  public String name() {
    return name;
  }

  /** When it was loaded, in seconds since 1970. */
  public long created() {
    return created;
  }

  /** Names what the ids of a seed depend on: the program, the model, the device, the precision. */
  public String fingerprint() {
    return fingerprint;
  }

  /** Notes from loading, for the user. */
  public List<String> notes() {
    return loaded.opened().notes();
  }

  /** The model's shape. */
  public GptConfig config() {
    return engine.config();
  }

  /** The device. */
  public String device() {
    return engine.device();
  }

  /** The precision of the weights. */
  public String dtype() {
    return engine.dtype();
  }

  /** The engine, which all requests share. */
  public SharedEngine engine() {
    return engine;
  }

  /** Generates on the shared engine. */
  public Generator generator() {
    return generator;
  }

  /** The ids that end a text. */
  public int[] endIds() {
    return loaded.endIds();
  }

  /** The tokens' labels. */
  public Vocabulary vocabulary() {
    return new Vocabulary(loaded.tokenizer());
  }

  /** How a chat is written; empty for a base model. */
  Optional<ChatTemplate> template() {
    return template;
  }

  /** Whether tokens have texts; else there are ids only. */
  boolean hasTokenizer() {
    return loaded.tokenizer().isPresent();
  }

  /**
   * The tokenizer.
   *
   * @param param the option that needs it, for the error
   */
  public Tokenizer tokenizer(String param) {
    return loaded
        .tokenizer()
        .orElseThrow(
            () ->
                ApiException.invalid(
                    param, param + ": this model has no tokenizer; give token ids as the prompt"));
  }

  /** The token's text, or {@code bytes:\xE2\x80} if its bytes are not whole characters. */
  String token(int id) {
    if (loaded.tokenizer().isEmpty()) {
      return String.valueOf(id);
    }
    byte[] bytes = loaded.tokenizer().get().decode(id);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      StringBuilder text = new StringBuilder("bytes:");
      for (byte each : bytes) {
        text.append("\\x").append(HexFormat.of().toHexDigits(each));
      }
      return text.toString();
    }
  }

  /** The token's bytes; empty without a tokenizer. */
  byte[] bytes(int id) {
    return loaded.tokenizer().map(t -> t.decode(id)).orElse(new byte[0]);
  }

  /** The characters that a token completes; empty without a tokenizer. */
  String decode(Utf8Decoder decoder, int id) {
    return loaded.tokenizer().map(t -> decoder.decode(t.decode(id))).orElse("");
  }

  /**
   * Decodes ids. Bytes that are not a whole character become U+FFFD.
   *
   * @throws ApiException if an id is not in the vocabulary
   */
  public String decode(int[] ids, String param) {
    tokenizer(param);
    Utf8Decoder decoder = new Utf8Decoder();
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      checkId(id, param);
      text.append(decode(decoder, id));
    }
    return text.append(decoder.flush()).toString();
  }

  /**
   * Encodes a prompt.
   *
   * @throws ApiException if it is empty, longer than the context window or not in the vocabulary
   */
  public int[] encode(Prompt prompt) {
    int[] ids = prompt.ids() == null ? encode(prompt.text(), prompt.param()) : checked(prompt);
    if (ids.length == 0) {
      throw ApiException.invalid(
          prompt.param(), prompt.param() + " is empty: it must have at least one token");
    }
    int limit = config().blockSize();
    if (ids.length > limit) {
      throw tooLong(prompt.param(), "has " + ids.length + " tokens");
    }
    return ids;
  }

  /**
   * Encodes a text.
   *
   * @throws ApiException if it is certainly longer than the context window, or has a character that
   *     is not in the vocabulary
   */
  public int[] encode(String text, String param) {
    Tokenizer tokenizer = tokenizer(param);
    if (text.length() > (long) config().blockSize() * longestToken) {
      throw tooLong(param, "is " + text.length() + " characters long");
    }
    try {
      return tokenizer.encode(text);
    } catch (GptException e) {
      throw ApiException.invalid(param, param + ": " + e.getMessage());
    }
  }

  private ApiException tooLong(String param, String length) {
    return new ApiException(
        400,
        ApiException.INVALID,
        param,
        "context_length_exceeded",
        "%s %s, but the model's context holds %s tokens; shorten it"
            .formatted(param, length, config().blockSize()));
  }

  private int[] checked(Prompt prompt) {
    for (int id : prompt.ids()) {
      checkId(id, prompt.param());
    }
    return prompt.ids();
  }

  /** Refuses an id that is not in the vocabulary. */
  public void checkId(int id, String param) {
    if (id < 0 || id >= config().vocabSize()) {
      throw ApiException.invalid(
          param,
          param + ": the model's ids are 0 to " + (config().vocabSize() - 1) + ", found " + id);
    }
  }

  /**
   * Refuses another model's name.
   *
   * @param given the request's model; null if it names none
   */
  public void checkName(String given) {
    if (given != null && !given.equals(name)) {
      throw new ApiException(
          404,
          ApiException.INVALID,
          "model",
          "model_not_found",
          "the model here is '" + name + "', not '" + given + "'");
    }
  }

  /** Fails all running requests and frees the model. */
  @Override
  public void close() {
    engine.close();
  }
}
