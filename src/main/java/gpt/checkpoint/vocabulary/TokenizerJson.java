package gpt.checkpoint.vocabulary;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.Json;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.BpeVocabulary.Kind;
import gpt.tokenizer.TokenizerRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Reads Hugging Face's {@code tokenizer.json}, a whole tokenizer in one file. Only byte-level BPE
 * is supported; any option that would change the ids and is not implemented is an error that names
 * it.
 */
final class TokenizerJson {
  static final String FILE = "tokenizer.json";

  private static final String MODEL = "model";
  private static final String POST_PROCESSOR = "post_processor";
  private static final String ADDED = "added_tokens";

  private final Path file;
  private final TokenizerRulesJson rules;
  private final VocabularyBuilder vocabulary;

  private TokenizerJson(Path file, int vocabSize) {
    this.file = file;
    rules = new TokenizerRulesJson(file);
    vocabulary = new VocabularyBuilder(vocabSize);
  }

  /**
   * Reads the file.
   *
   * @param specials the special tokens of the other files in its folder
   * @throws gpt.GptException if it is damaged, is not byte-level BPE, or has an id that is not
   *     below {@code vocabSize}
   */
  static BpeVocabulary read(Path file, SpecialTokens specials, int vocabSize) {
    if (Json.read(file) instanceof JsonObject root) {
      return new TokenizerJson(file, vocabSize).read(root, specials);
    }
    throw Fault.in(file, "expected a JSON object");
  }

  private BpeVocabulary read(JsonObject root, SpecialTokens specials) {
    JsonObject model = object(root, MODEL);
    checkModel(model);
    checkDecoder(root);
    checkPostProcessor(root);
    for (Map.Entry<String, JsonElement> e : object(model, "vocab").entrySet()) {
      vocabulary.put(file, e.getKey(), e.getValue(), Kind.NORMAL);
    }
    addTokens(root);
    specials.addTo(vocabulary);
    TokenizerRules read = rules.read(root, unknownId(model));
    boolean prefixSpace = specials.prefixSpace(read.prefixSpace());
    return vocabulary.build(
        merges(model),
        specials.bosId(vocabulary),
        specials.eosId(vocabulary),
        new TokenizerRules(
            prefixSpace, read.useRegex(), read.normalizers(), read.unknownId(), read.matching()));
  }

  private void checkModel(JsonObject model) {
    rules.checkValue(model, MODEL, "type", "\"BPE\"");
    rules.checkValue(model, MODEL, "dropout", "0", "0.0");
    rules.checkValue(model, MODEL, "continuing_subword_prefix", "\"\"");
    rules.checkValue(model, MODEL, "end_of_word_suffix", "\"\"");
    rules.checkValue(model, MODEL, "byte_fallback", "false");
    rules.checkValue(model, MODEL, "ignore_merges", "false");
    if (TokenizerRulesJson.present(model, "unk_token").isPresent()) {
      rules.checkValue(model, MODEL, "fuse_unk", "false");
    }
  }

  private void checkDecoder(JsonObject root) {
    rules.checkValue(object(root, "decoder"), "decoder", "type", "\"ByteLevel\"");
  }

  /** Checks that the post-processor adds no tokens: ByteLevel does not, a template may. */
  private void checkPostProcessor(JsonObject root) {
    JsonElement processor =
        TokenizerRulesJson.present(root, POST_PROCESSOR).orElse(new JsonObject());
    if (!(processor instanceof JsonObject object)) {
      throw rules.expected(POST_PROCESSOR, "an object", processor.toString());
    }
    rules.checkValue(object, POST_PROCESSOR, "type", "\"ByteLevel\"", "\"TemplateProcessing\"");
    JsonElement template = TokenizerRulesJson.present(object, "single").orElse(new JsonArray());
    if (!(template instanceof JsonArray parts)) {
      throw rules.expected(POST_PROCESSOR + ".single", "a list", template.toString());
    }
    for (JsonElement part : parts) {
      if (!(part instanceof JsonObject named) || !named.keySet().equals(Set.of("Sequence"))) {
        throw rules.expected(POST_PROCESSOR + ".single", "only Sequence parts", part.toString());
      }
    }
  }

  private void addTokens(JsonObject root) {
    JsonElement added = TokenizerRulesJson.present(root, ADDED).orElse(new JsonArray());
    if (!(added instanceof JsonArray all)) {
      throw rules.expected(ADDED, "a list", added.toString());
    }
    for (JsonElement each : all) {
      JsonElement content = each instanceof JsonObject token ? token.get("content") : null;
      if (!(content instanceof JsonPrimitive text) || !text.isString()) {
        throw rules.expected(ADDED, "objects with a string content", each.toString());
      }
      JsonObject token = each.getAsJsonObject();
      Kind kind = rules.flag(token, "special", false) ? Kind.CONTROL : Kind.USER_DEFINED;
      JsonElement id = token.has("id") ? token.get("id") : new JsonArray();
      vocabulary.setMatching(
          vocabulary.put(file, text.getAsString(), id, kind), rules.matching(token));
    }
  }

  private OptionalInt unknownId(JsonObject model) {
    JsonElement token = TokenizerRulesJson.present(model, "unk_token").orElse(null);
    if (token == null) {
      return OptionalInt.empty();
    }
    OptionalInt id = vocabulary.find(TokenizerRulesJson.text(token));
    if (id.isEmpty()) {
      throw rules.expected("model.unk_token", "a token of the vocabulary", token.toString());
    }
    return id;
  }

  /** The merges, each a list of two tokens or a string with a space between them. */
  private List<String> merges(JsonObject model) {
    if (!(model.get("merges") instanceof JsonArray all)) {
      throw Fault.in(file, "model: merges is missing or not a list");
    }
    List<String> merges = new ArrayList<>();
    for (JsonElement merge : all) {
      boolean pair =
          merge instanceof JsonArray two
              && two.size() == 2
              && isString(two.get(0))
              && isString(two.get(1));
      if (!pair && !isString(merge)) {
        throw rules.expected("model.merges", "two tokens", merge.toString());
      }
      merges.add(
          pair
              ? merge.getAsJsonArray().get(0).getAsString()
                  + " "
                  + merge.getAsJsonArray().get(1).getAsString()
              : merge.getAsString());
    }
    return merges;
  }

  private static boolean isString(JsonElement value) {
    return value instanceof JsonPrimitive p && p.isString();
  }

  private JsonObject object(JsonObject parent, String key) {
    JsonElement value = TokenizerRulesJson.present(parent, key).orElse(null);
    if (value instanceof JsonObject object) {
      return object;
    }
    throw rules.expected(key, "an object", value == null ? "none" : value.toString());
  }
}
