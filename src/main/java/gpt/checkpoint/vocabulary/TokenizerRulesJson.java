package gpt.checkpoint.vocabulary;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.Json;
import gpt.tokenizer.TokenizerRules;
import gpt.tokenizer.TokenizerRules.Matching;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Reads and writes {@link TokenizerRules} as the normalizer, pre-tokenizer and added tokens of a
 * {@code tokenizer.json}. A component that this program does not implement is an error that names
 * it: ignoring it would give wrong ids.
 */
public record TokenizerRulesJson(Path file) {
  private static final String NORMALIZER = "normalizer";
  private static final String PRE_TOKENIZER = "pre_tokenizer";
  private static final String BYTE_LEVEL = "ByteLevel";
  private static final String SEQUENCE = "Sequence";
  private static final String TYPE = "type";
  private static final String PREFIX_SPACE = "add_prefix_space";
  private static final String USE_REGEX = "use_regex";
  private static final String UNKNOWN_ID = "unknown_id";
  private static final String ADDED = "added_tokens";
  private static final String ID = "id";

  /** Maximum number of normalizers or pre-tokenizers, and of nested Sequences. */
  private static final int MAX_STEPS = 16;

  /** Reads the rules of a tokenizer.json, except for its added tokens. */
  TokenizerRules read(JsonObject root, OptionalInt unknownId) {
    List<Normalizer.Form> normalizers = new ArrayList<>();
    for (JsonObject step : steps(root, NORMALIZER, "normalizers")) {
      String type = type(step);
      Normalizer.Form form =
          switch (type) {
            case "NFC" -> Normalizer.Form.NFC;
            case "NFD" -> Normalizer.Form.NFD;
            case "NFKC" -> Normalizer.Form.NFKC;
            case "NFKD" -> Normalizer.Form.NFKD;
            default -> throw expected(NORMALIZER, "NFC, NFD, NFKC or NFKD", type);
          };
      normalizers.add(form);
    }
    List<JsonObject> preTokenizers = steps(root, PRE_TOKENIZER, "pretokenizers");
    if (preTokenizers.size() != 1) {
      throw expected(
          PRE_TOKENIZER,
          BYTE_LEVEL,
          preTokenizers.isEmpty() ? "none" : preTokenizers.size() + " of them");
    }
    if (!type(preTokenizers.getFirst()).equals(BYTE_LEVEL)) {
      throw expected(PRE_TOKENIZER, BYTE_LEVEL, type(preTokenizers.getFirst()));
    }
    return new TokenizerRules(
        flag(preTokenizers.getFirst(), PREFIX_SPACE, true),
        flag(preTokenizers.getFirst(), USE_REGEX, true),
        normalizers,
        unknownId,
        Map.of());
  }

  /**
   * Reads the rules that {@link #toJson(TokenizerRules)} writes.
   *
   * @param file the file that contains them
   * @param key their key in the file
   */
  public static TokenizerRules fromJson(Path file, String key, String json) {
    TokenizerRulesJson rules = new TokenizerRulesJson(Path.of(file + ": " + key));
    JsonObject root = Json.object(rules.file, json);
    OptionalInt unknownId = OptionalInt.empty();
    if (present(root, UNKNOWN_ID).isPresent()) {
      unknownId = OptionalInt.of(rules.id(root, UNKNOWN_ID));
    }
    Map<Integer, Matching> matching = new HashMap<>();
    if (root.get(ADDED) instanceof JsonArray tokens) {
      for (JsonElement each : tokens) {
        if (!(each instanceof JsonObject token)) {
          throw rules.expected(ADDED, "a list of objects", each.toString());
        }
        matching.put(rules.id(token, ID), rules.matching(token));
      }
    }
    TokenizerRules read = rules.read(root, unknownId);
    return new TokenizerRules(
        read.prefixSpace(), read.useRegex(), read.normalizers(), unknownId, matching);
  }

  private int id(JsonObject object, String key) {
    String text = present(object, key).map(JsonElement::toString).orElse("none");
    if (text.matches("\\d{1,9}")) {
      return Integer.parseInt(text);
    }
    throw expected(key, "an id", text);
  }

  /** Writes the rules as one line of JSON in the layout of a tokenizer.json. */
  public static String toJson(TokenizerRules rules) {
    JsonArray normalizers = new JsonArray();
    for (Normalizer.Form form : rules.normalizers()) {
      JsonObject normalizer = new JsonObject();
      normalizer.addProperty(TYPE, form.name());
      normalizers.add(normalizer);
    }
    JsonObject sequence = new JsonObject();
    sequence.addProperty(TYPE, SEQUENCE);
    sequence.add("normalizers", normalizers);
    JsonObject byteLevel = new JsonObject();
    byteLevel.addProperty(TYPE, BYTE_LEVEL);
    byteLevel.addProperty(PREFIX_SPACE, rules.prefixSpace());
    byteLevel.addProperty(USE_REGEX, rules.useRegex());
    JsonObject root = new JsonObject();
    root.add(NORMALIZER, normalizers.isEmpty() ? JsonNull.INSTANCE : sequence);
    root.add(PRE_TOKENIZER, byteLevel);
    rules.unknownId().ifPresent(id -> root.addProperty(UNKNOWN_ID, id));
    JsonArray added = new JsonArray();
    new TreeMap<>(rules.matching()).forEach((id, matching) -> added.add(toJson(id, matching)));
    root.add(ADDED, added);
    return root.toString();
  }

  /** Reads how an added token is matched. */
  Matching matching(JsonObject token) {
    return new Matching(
        flag(token, "lstrip", false),
        flag(token, "rstrip", false),
        flag(token, "single_word", false),
        flag(token, "normalized", false));
  }

  /** An added token with its id, as {@link #matching} reads it. */
  private static JsonObject toJson(int id, Matching matching) {
    JsonObject token = new JsonObject();
    token.addProperty(ID, id);
    token.addProperty("lstrip", matching.leftStrip());
    token.addProperty("rstrip", matching.rightStrip());
    token.addProperty("single_word", matching.singleWord());
    token.addProperty("normalized", matching.normalized());
    return token;
  }

  /** Checks that a key is missing, null or has one of the allowed values, given as JSON. */
  void checkValue(JsonObject object, String path, String key, String... allowed) {
    String found = present(object, key).map(JsonElement::toString).orElse("null");
    if (!found.equals("null") && !List.of(allowed).contains(found)) {
      throw expected(path + "." + key, String.join(" or ", allowed), found);
    }
  }

  /** The normalizers or pre-tokenizers under a key, with each Sequence replaced by its parts. */
  private List<JsonObject> steps(JsonObject root, String key, String list) {
    List<JsonObject> steps = new ArrayList<>();
    present(root, key).ifPresent(step -> addSteps(step, key, list, steps, 0));
    return steps;
  }

  private void addSteps(
      JsonElement step, String key, String list, List<JsonObject> steps, int depth) {
    if (!(step instanceof JsonObject object)) {
      throw expected(key, "an object", step.toString());
    }
    if (!type(object).equals(SEQUENCE)) {
      steps.add(object);
    } else if (present(object, list).orElse(null) instanceof JsonArray inner) {
      for (JsonElement each : inner) {
        if (depth == MAX_STEPS || steps.size() == MAX_STEPS) {
          throw expected(key, "at most " + MAX_STEPS + " steps", "more");
        }
        addSteps(each, key, list, steps, depth + 1);
      }
    } else {
      throw Fault.in(file, key + ": " + list + " is missing");
    }
  }

  private static String type(JsonObject object) {
    return present(object, TYPE).map(TokenizerRulesJson::text).orElse("null");
  }

  /** A value for an error message: a string without its quotes. */
  static String text(JsonElement value) {
    return value.isJsonPrimitive() ? value.getAsString() : value.toString();
  }

  /** The value of a key; empty if it is missing or null. */
  static Optional<JsonElement> present(JsonObject object, String key) {
    return Optional.ofNullable(object.get(key)).filter(value -> !value.isJsonNull());
  }

  boolean flag(JsonObject object, String key, boolean defaultValue) {
    Optional<JsonElement> value = present(object, key);
    if (value.isEmpty()) {
      return defaultValue;
    }
    if (value.get() instanceof JsonPrimitive p && p.isBoolean()) {
      return p.getAsBoolean();
    }
    throw expected(key, "true or false", value.get().toString());
  }

  GptException expected(String what, String expected, String found) {
    return Fault.in(file, what + ": expected " + expected + ", found " + found);
  }
}
