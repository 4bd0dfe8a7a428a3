package gpt.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import gpt.tokenizer.BytePairs;
import gpt.tokenizer.BytePairs.Kind;
import gpt.tokenizer.TextRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Hugging Face's {@code tokenizer.json}, all of a tokenizer in one file: byte-level BPE as GPT-2's.
 * What it may also say, and what would make other tokens of a text, is refused by its name.
 */
final class TokenizerJson {
  static final String FILE = "tokenizer.json";

  private static final String MODEL = "model";
  private static final String POST_PROCESSOR = "post_processor";
  private static final String ADDED = "added_tokens";

  private final Path file;
  private final TokenRules rules;
  private final VocabularyBuilder vocabulary;

  private TokenizerJson(Path file, int vocabSize) {
    this.file = file;
    rules = new TokenRules(file);
    vocabulary = new VocabularyBuilder(vocabSize);
  }

  /**
   * Reads it.
   *
   * @param specials what the files beside it say
   * @throws gpt.GptException where it is damaged, is of another kind, or has more tokens than the
   *     model
   */
  static BytePairs read(Path file, SpecialTokens specials, int vocabSize) {
    if (Json.read(file) instanceof JsonObject root) {
      return new TokenizerJson(file, vocabSize).pairs(root, specials);
    }
    throw Fault.in(file, "expected an object");
  }

  private BytePairs pairs(JsonObject root, SpecialTokens specials) {
    JsonObject model = object(root, MODEL);
    checkModel(model);
    checkDecoder(root);
    checkPostProcessor(root);
    for (Map.Entry<String, JsonElement> e : object(model, "vocab").entrySet()) {
      vocabulary.put(file, e.getKey(), e.getValue(), Kind.NORMAL);
    }
    addTokens(root);
    specials.addTo(vocabulary);
    TextRules read = rules.read(root, unknown(model));
    boolean space = specials.prefixSpace(read.prefixSpace());
    return vocabulary.build(
        merges(model),
        specials.begin(vocabulary),
        specials.end(vocabulary),
        new TextRules(space, read.split(), read.forms(), read.unknown(), read.matching()));
  }

  private void checkModel(JsonObject model) {
    rules.refuseOther(model, MODEL, "type", "\"BPE\"");
    rules.refuseOther(model, MODEL, "dropout", "0", "0.0");
    rules.refuseOther(model, MODEL, "continuing_subword_prefix", "\"\"");
    rules.refuseOther(model, MODEL, "end_of_word_suffix", "\"\"");
    rules.refuseOther(model, MODEL, "byte_fallback", "false");
    rules.refuseOther(model, MODEL, "ignore_merges", "false");
    if (TokenRules.present(model, "unk_token").isPresent()) {
      rules.refuseOther(model, MODEL, "fuse_unk", "false");
    }
  }

  private void checkDecoder(JsonObject root) {
    rules.refuseOther(object(root, "decoder"), "decoder", "type", "\"ByteLevel\"");
  }

  /** Those that only move offsets change no tokens; a template may add some. */
  private void checkPostProcessor(JsonObject root) {
    JsonElement processor = TokenRules.present(root, POST_PROCESSOR).orElse(new JsonObject());
    if (!(processor instanceof JsonObject object)) {
      throw rules.expected(POST_PROCESSOR, "an object", processor.toString());
    }
    rules.refuseOther(object, POST_PROCESSOR, "type", "\"ByteLevel\"", "\"TemplateProcessing\"");
    JsonElement template = TokenRules.present(object, "single").orElse(new JsonArray());
    if (!(template instanceof JsonArray parts)) {
      throw rules.expected(POST_PROCESSOR + ".single", "a list", template.toString());
    }
    for (JsonElement part : parts) {
      if (!(part instanceof JsonObject named) || !named.keySet().equals(Set.of("Sequence"))) {
        throw rules.expected(POST_PROCESSOR + ".single", "the text alone", part.toString());
      }
    }
  }

  private void addTokens(JsonObject root) {
    JsonElement added = TokenRules.present(root, ADDED).orElse(new JsonArray());
    if (!(added instanceof JsonArray all)) {
      throw rules.expected(ADDED, "a list", added.toString());
    }
    for (JsonElement each : all) {
      JsonElement content = each instanceof JsonObject token ? token.get("content") : null;
      if (!(content instanceof JsonPrimitive text) || !text.isString()) {
        throw rules.expected(ADDED, "objects with a content", each.toString());
      }
      JsonObject token = each.getAsJsonObject();
      Kind kind = rules.flag(token, "special", false) ? Kind.CONTROL : Kind.USER_DEFINED;
      JsonElement id = token.has("id") ? token.get("id") : new JsonArray();
      vocabulary.match(vocabulary.put(file, text.getAsString(), id, kind), rules.matching(token));
    }
  }

  private OptionalInt unknown(JsonObject model) {
    JsonElement token = TokenRules.present(model, "unk_token").orElse(null);
    if (token == null) {
      return OptionalInt.empty();
    }
    OptionalInt id = vocabulary.find(TokenRules.text(token));
    if (id.isEmpty()) {
      throw rules.expected("model.unk_token", "one of its tokens", token.toString());
    }
    return id;
  }

  /** In either form: two tokens in a list, or with a space between them. */
  private List<String> merges(JsonObject model) {
    if (!(model.get("merges") instanceof JsonArray all)) {
      throw Fault.in(file, "model: merges is missing or not a list");
    }
    List<String> merges = new ArrayList<>();
    for (JsonElement merge : all) {
      boolean pair =
          merge instanceof JsonArray two
              && two.size() == 2
              && isText(two.get(0))
              && isText(two.get(1));
      if (!pair && !isText(merge)) {
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

  private static boolean isText(JsonElement value) {
    return value instanceof JsonPrimitive p && p.isString();
  }

  private JsonObject object(JsonObject parent, String key) {
    JsonElement value = TokenRules.present(parent, key).orElse(null);
    if (value instanceof JsonObject object) {
      return object;
    }
    throw rules.expected(key, "an object", value == null ? "none" : value.toString());
  }
}
