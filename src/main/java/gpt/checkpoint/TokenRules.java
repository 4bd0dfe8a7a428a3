package gpt.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import gpt.GptException;
import gpt.tokenizer.TextRules;
import gpt.tokenizer.TextRules.Matching;
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
 * The parts of a {@code tokenizer.json} that say what is done to a text before the merges, as far
 * as byte-level BPE has them. All others are refused by their names: without one of them the same
 * text would be other tokens.
 */
record TokenRules(Path file) {
  private static final String NORMALIZER = "normalizer";
  private static final String PRE_TOKENIZER = "pre_tokenizer";
  private static final String BYTE_LEVEL = "ByteLevel";
  private static final String SEQUENCE = "Sequence";
  private static final String TYPE = "type";
  private static final String PREFIX_SPACE = "add_prefix_space";
  private static final String USE_REGEX = "use_regex";
  private static final String UNKNOWN = "unknown_id";
  private static final String ADDED = "added_tokens";
  private static final String ID = "id";

  /** Normalizers and pre-tokenizers in a sequence, sequences in it included. */
  private static final int MOST_STEPS = 16;

  /** Rules of a file's root, without the matching of its added tokens. */
  TextRules read(JsonObject root, OptionalInt unknown) {
    List<Normalizer.Form> forms = new ArrayList<>();
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
      forms.add(form);
    }
    List<JsonObject> splits = steps(root, PRE_TOKENIZER, "pretokenizers");
    if (splits.size() != 1) {
      throw expected(
          PRE_TOKENIZER, BYTE_LEVEL, splits.isEmpty() ? "none" : splits.size() + " of them");
    }
    if (!type(splits.getFirst()).equals(BYTE_LEVEL)) {
      throw expected(PRE_TOKENIZER, BYTE_LEVEL, type(splits.getFirst()));
    }
    return new TextRules(
        flag(splits.getFirst(), PREFIX_SPACE, true),
        flag(splits.getFirst(), USE_REGEX, true),
        forms,
        unknown,
        Map.of());
  }

  /** Rules as {@link #toText} writes them, under a key of a file. */
  static TextRules fromText(Path file, String key, String text) {
    TokenRules rules = new TokenRules(Path.of(file + ": " + key));
    JsonObject root = Json.object(rules.file, text);
    OptionalInt unknown = OptionalInt.empty();
    if (present(root, UNKNOWN).isPresent()) {
      unknown = OptionalInt.of(rules.id(root, UNKNOWN));
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
    TextRules read = rules.read(root, unknown);
    return new TextRules(read.prefixSpace(), read.split(), read.forms(), unknown, matching);
  }

  private int id(JsonObject object, String key) {
    String text = present(object, key).map(JsonElement::toString).orElse("none");
    if (text.matches("\\d{1,9}")) {
      return Integer.parseInt(text);
    }
    throw expected(key, "an id", text);
  }

  /** The parts of a tokenizer.json that {@link #read} reads, as one line of JSON. */
  static String toText(TextRules rules) {
    JsonArray forms = new JsonArray();
    for (Normalizer.Form form : rules.forms()) {
      JsonObject normalizer = new JsonObject();
      normalizer.addProperty(TYPE, form.name());
      forms.add(normalizer);
    }
    JsonObject normalizers = new JsonObject();
    normalizers.addProperty(TYPE, SEQUENCE);
    normalizers.add("normalizers", forms);
    JsonObject bytes = new JsonObject();
    bytes.addProperty(TYPE, BYTE_LEVEL);
    bytes.addProperty(PREFIX_SPACE, rules.prefixSpace());
    bytes.addProperty(USE_REGEX, rules.split());
    JsonObject root = new JsonObject();
    root.add(NORMALIZER, forms.isEmpty() ? JsonNull.INSTANCE : normalizers);
    root.add(PRE_TOKENIZER, bytes);
    rules.unknown().ifPresent(id -> root.addProperty(UNKNOWN, id));
    JsonArray added = new JsonArray();
    new TreeMap<>(rules.matching()).forEach((id, how) -> added.add(toJson(id, how)));
    root.add(ADDED, added);
    return root.toString();
  }

  /** How an added token is matched. */
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

  /** Refuses a key that is neither missing nor null nor one of these values. */
  void refuseOther(JsonObject object, String path, String key, String... same) {
    String found = present(object, key).map(JsonElement::toString).orElse("null");
    if (!found.equals("null") && !List.of(same).contains(found)) {
      throw expected(path + "." + key, "null", found);
    }
  }

  /** A step, or those of a sequence in their order. */
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
        if (depth == MOST_STEPS || steps.size() == MOST_STEPS) {
          throw expected(key, "at most " + MOST_STEPS + " steps", "more");
        }
        addSteps(each, key, list, steps, depth + 1);
      }
    } else {
      throw Fault.in(file, key + ": " + list + " is missing");
    }
  }

  private static String type(JsonObject object) {
    return present(object, TYPE).map(TokenRules::text).orElse("null");
  }

  /** A value in a message: a text without its quotes. */
  static String text(JsonElement value) {
    return value.isJsonPrimitive() ? value.getAsString() : value.toString();
  }

  /** What an object has under a key, unless it is null. */
  static Optional<JsonElement> present(JsonObject object, String key) {
    return Optional.ofNullable(object.get(key)).filter(value -> !value.isJsonNull());
  }

  boolean flag(JsonObject object, String key, boolean otherwise) {
    Optional<JsonElement> value = present(object, key);
    if (value.isEmpty()) {
      return otherwise;
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
