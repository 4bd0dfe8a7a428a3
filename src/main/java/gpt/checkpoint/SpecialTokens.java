package gpt.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import gpt.tokenizer.BytePairs.Kind;
import gpt.tokenizer.TextRules.Matching;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What {@code tokenizer_config.json}, {@code special_tokens_map.json} and {@code added_tokens.json}
 * say of a tokenizer. The first of them wins.
 */
final class SpecialTokens {
  static final String CONFIG = "tokenizer_config.json";
  private static final String MAP = "special_tokens_map.json";
  private static final String ADDED = "added_tokens.json";
  private static final String DECODER = "added_tokens_decoder";
  private static final String PREFIX_SPACE = "add_prefix_space";

  /** GPT-2's, which needs no file to be one. */
  private static final String END_OF_TEXT = "<|endoftext|>";

  private static final String BEGIN = "bos_token";
  private static final String END = "eos_token";

  private final Path folder;
  private final Optional<JsonObject> config;
  private final Optional<JsonObject> added;
  private final Map<String, String> names = new HashMap<>();
  private final Set<String> specials = new LinkedHashSet<>();

  private SpecialTokens(Path folder) {
    this.folder = folder;
    config = object(CONFIG);
    added = object(ADDED);
    config.ifPresent(this::addNamed);
    config.ifPresent(this::refuseAddedEnds);
    object(MAP).ifPresent(this::addNamed);
  }

  /** Those of a folder; there may be none. */
  static SpecialTokens read(Path folder) {
    return new SpecialTokens(folder);
  }

  private Optional<JsonObject> object(String name) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    if (Json.read(file) instanceof JsonObject object) {
      return Optional.of(object);
    }
    throw Fault.in(file, "expected an object");
  }

  /** What would add tokens to every text. */
  private void refuseAddedEnds(JsonObject object) {
    TokenRules rules = new TokenRules(folder.resolve(CONFIG));
    for (String key : new String[] {"add_bos_token", "add_eos_token"}) {
      if (rules.flag(object, key, false)) {
        throw rules.expected(key, "false", "true");
      }
    }
  }

  /** Tokens under names that end in token or tokens: a text, an added token, or a list of them. */
  private void addNamed(JsonObject object) {
    for (Map.Entry<String, JsonElement> e : object.entrySet()) {
      if (e.getKey().endsWith("_token")) {
        content(e.getValue())
            .ifPresent(
                token -> {
                  names.putIfAbsent(e.getKey(), token);
                  specials.add(token);
                });
      } else if (e.getKey().endsWith("_special_tokens") && e.getValue() instanceof JsonArray list) {
        list.forEach(each -> content(each).ifPresent(specials::add));
      }
    }
  }

  private static Optional<String> content(JsonElement token) {
    JsonElement content = token instanceof JsonObject object ? object.get("content") : token;
    boolean text =
        content != null
            && content.isJsonPrimitive()
            && content.getAsJsonPrimitive().isString()
            && !content.getAsString().isEmpty();
    return text ? Optional.of(content.getAsString()) : Optional.empty();
  }

  /** Whether GPT-2's tokenizer needs nothing of it. */
  boolean areGpt2s() {
    Set<String> others = new LinkedHashSet<>(specials);
    config
        .flatMap(c -> TokenRules.present(c, DECODER))
        .filter(JsonElement::isJsonObject)
        .ifPresent(
            decoder ->
                decoder
                    .getAsJsonObject()
                    .asMap()
                    .values()
                    .forEach(each -> content(each).ifPresent(others::add)));
    added.ifPresent(a -> others.addAll(a.keySet()));
    others.remove(END_OF_TEXT);
    return others.isEmpty() && !prefixSpace(false);
  }

  /** Whether a text begins with a space; the file's word wins over what is known otherwise. */
  boolean prefixSpace(boolean otherwise) {
    TokenRules rules = new TokenRules(folder.resolve(CONFIG));
    return config.map(c -> rules.flag(c, PREFIX_SPACE, otherwise)).orElse(otherwise);
  }

  /** Adds what has an id, then what has none but is special. */
  void addTo(VocabularyBuilder vocabulary) {
    added.ifPresent(
        all ->
            all.asMap()
                .forEach(
                    (token, id) -> vocabulary.put(folder.resolve(ADDED), token, id, Kind.CONTROL)));
    config.flatMap(c -> TokenRules.present(c, DECODER)).ifPresent(d -> addDecoder(d, vocabulary));
    specials.forEach(vocabulary::special);
    if (vocabulary.find(END_OF_TEXT).isPresent()) {
      vocabulary.special(END_OF_TEXT);
    }
  }

  private void addDecoder(JsonElement decoder, VocabularyBuilder vocabulary) {
    Path file = folder.resolve(CONFIG);
    TokenRules rules = new TokenRules(file);
    if (!(decoder instanceof JsonObject all)) {
      throw rules.expected(DECODER, "an object", decoder.toString());
    }
    for (Map.Entry<String, JsonElement> e : all.entrySet()) {
      String token =
          content(e.getValue())
              .orElseThrow(
                  () ->
                      rules.expected(
                          DECODER + ": id " + e.getKey(), "a token", e.getValue().toString()));
      boolean special =
          e.getValue() instanceof JsonObject object && rules.flag(object, "special", false);
      Kind kind = special ? Kind.CONTROL : Kind.USER_DEFINED;
      int id = vocabulary.put(file, token, new JsonPrimitive(e.getKey()), kind);
      if (e.getValue() instanceof JsonObject object) {
        Matching how = rules.matching(object);
        vocabulary.match(id, how);
      }
    }
  }

  /** The id of the token that begins a text. */
  OptionalInt begin(VocabularyBuilder vocabulary) {
    return vocabulary.find(names.getOrDefault(BEGIN, END_OF_TEXT));
  }

  /** The id of the token that ends a text. */
  OptionalInt end(VocabularyBuilder vocabulary) {
    return vocabulary.find(names.getOrDefault(END, END_OF_TEXT));
  }
}
