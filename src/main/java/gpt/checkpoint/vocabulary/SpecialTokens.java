package gpt.checkpoint.vocabulary;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.Json;
import gpt.tokenizer.BpeVocabulary.Kind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The special and added tokens of {@code tokenizer_config.json}, {@code special_tokens_map.json}
 * and {@code added_tokens.json}. Where the files disagree, the first of them takes precedence.
 */
final class SpecialTokens {
  static final String CONFIG = "tokenizer_config.json";
  private static final String MAP = "special_tokens_map.json";
  private static final String ADDED = "added_tokens.json";
  private static final String DECODER = "added_tokens_decoder";
  private static final String PREFIX_SPACE = "add_prefix_space";

  /** GPT-2's special token, which is special even if no file says so. */
  private static final String END_OF_TEXT = "<|endoftext|>";

  private static final String BOS = "bos_token";
  private static final String EOS = "eos_token";

  private final Path folder;
  private final Optional<JsonObject> config;
  private final Optional<JsonObject> added;
  private final Map<String, String> names = new HashMap<>();
  private final Set<String> specials = new LinkedHashSet<>();

  /** Reads the files of a folder that exist. */
  SpecialTokens(Path folder) {
    this.folder = folder;
    config = object(CONFIG);
    added = object(ADDED);
    config.ifPresent(this::addNamed);
    config.ifPresent(this::checkNoTokensAreAdded);
    object(MAP).ifPresent(this::addNamed);
  }

  private Optional<JsonObject> object(String name) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    if (Json.read(file) instanceof JsonObject object) {
      return Optional.of(object);
    }
    throw Fault.in(file, "expected a JSON object");
  }

  /** Checks that the tokenizer does not add a BOS or EOS token to every text. */
  private void checkNoTokensAreAdded(JsonObject object) {
    TokenizerRulesJson rules = new TokenizerRulesJson(folder.resolve(CONFIG));
    for (String key : new String[] {"add_bos_token", "add_eos_token"}) {
      if (rules.flag(object, key, false)) {
        throw rules.expected(key, "false", "true");
      }
    }
  }

  /** Adds the tokens of keys such as eos_token (a string or object) and extra_special_tokens. */
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
    boolean isString =
        content != null
            && content.isJsonPrimitive()
            && content.getAsJsonPrimitive().isString()
            && !content.getAsString().isEmpty();
    return isString ? Optional.of(content.getAsString()) : Optional.empty();
  }

  /** Whether the files describe GPT-2's own tokenizer: no other special tokens, no prefix space. */
  boolean isGpt2() {
    Set<String> others = new LinkedHashSet<>(specials);
    config
        .flatMap(c -> TokenizerRulesJson.present(c, DECODER))
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

  /** The value of add_prefix_space, or {@code defaultValue} if the files do not set it. */
  boolean prefixSpace(boolean defaultValue) {
    TokenizerRulesJson rules = new TokenizerRulesJson(folder.resolve(CONFIG));
    return config.map(c -> rules.flag(c, PREFIX_SPACE, defaultValue)).orElse(defaultValue);
  }

  /** Adds the tokens with an id, then the special tokens without one. */
  void addTo(VocabularyBuilder vocabulary) {
    added.ifPresent(
        all ->
            all.asMap()
                .forEach(
                    (token, id) -> vocabulary.put(folder.resolve(ADDED), token, id, Kind.CONTROL)));
    config
        .flatMap(c -> TokenizerRulesJson.present(c, DECODER))
        .ifPresent(d -> addDecoder(d, vocabulary));
    specials.forEach(vocabulary::addSpecial);
    if (vocabulary.find(END_OF_TEXT).isPresent()) {
      vocabulary.addSpecial(END_OF_TEXT);
    }
  }

  private void addDecoder(JsonElement decoder, VocabularyBuilder vocabulary) {
    Path file = folder.resolve(CONFIG);
    TokenizerRulesJson rules = new TokenizerRulesJson(file);
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
        vocabulary.setMatching(id, rules.matching(object));
      }
    }
  }

  OptionalInt bosId(VocabularyBuilder vocabulary) {
    return vocabulary.find(names.getOrDefault(BOS, END_OF_TEXT));
  }

  OptionalInt eosId(VocabularyBuilder vocabulary) {
    return vocabulary.find(names.getOrDefault(EOS, END_OF_TEXT));
  }
}
