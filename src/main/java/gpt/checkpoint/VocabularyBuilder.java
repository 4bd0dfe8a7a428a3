package gpt.checkpoint;

import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import gpt.tokenizer.BytePairs;
import gpt.tokenizer.BytePairs.Kind;
import gpt.tokenizer.TextRules;
import gpt.tokenizer.TextRules.Matching;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Tokens by their ids, as several files beside a model name them. */
final class VocabularyBuilder {
  private final int vocabSize;
  private final List<String> tokens = new ArrayList<>();
  private final List<Kind> kinds = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<Integer, Matching> matching = new HashMap<>();

  /** No tokens yet; a model of so many rows can have no more. */
  VocabularyBuilder(int vocabSize) {
    this.vocabSize = vocabSize;
  }

  /**
   * Gives an id its token, or a token that has this id another kind.
   *
   * @return the id
   * @throws gpt.GptException where it is no id of the model, or another token's
   */
  int put(Path file, String token, JsonElement value, Kind kind) {
    int id = id(file, token, value);
    while (tokens.size() <= id) {
      tokens.add(null);
      kinds.add(kind);
    }
    String other = tokens.get(id);
    if (other != null && !other.equals(token)) {
      throw Fault.in(
          file, "token '" + token + "': its id, " + id + ", is that of '" + other + "' too");
    }
    tokens.set(id, token);
    kinds.set(id, kind);
    ids.putIfAbsent(token, id);
    return id;
  }

  private int id(Path file, String token, JsonElement value) {
    String text = value instanceof JsonPrimitive ? value.getAsString() : "";
    // A number of at most nine digits is an int.
    int id = text.matches("\\d{1,9}") ? Integer.parseInt(text) : -1;
    if (id < 0 || id >= vocabSize) {
      throw Fault.in(
          file,
          "token '%s': expected an id from 0 to %d, found %s"
              .formatted(token, vocabSize - 1, text.isEmpty() ? "none" : text));
    }
    return id;
  }

  /** How a literal is matched. */
  void match(int id, Matching how) {
    matching.put(id, how);
  }

  /** Makes a token a literal that means something to the model; a new one gets the next id. */
  void special(String token) {
    int id = ids.getOrDefault(token, tokens.size());
    if (id == tokens.size() && id < vocabSize) {
      tokens.add(token);
      kinds.add(Kind.CONTROL);
      ids.put(token, id);
    } else if (id < tokens.size()) {
      kinds.set(id, Kind.CONTROL);
    }
  }

  /** The id of a token, if it is one. */
  OptionalInt find(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** The vocabulary; ids without a token are unused. */
  BytePairs build(List<String> merges, OptionalInt begin, OptionalInt end, TextRules rules) {
    for (int id = 0; id < tokens.size(); id++) {
      if (tokens.get(id) == null) {
        tokens.set(id, "[PAD" + id + "]");
        kinds.set(id, Kind.UNUSED);
      }
    }
    return new BytePairs(tokens, kinds, merges, begin, end, withMatching(rules));
  }

  private TextRules withMatching(TextRules rules) {
    boolean allNormalized =
        kinds.stream().filter(k -> k == Kind.CONTROL || k == Kind.USER_DEFINED).count()
            == matching.values().stream().filter(Matching::normalized).count();
    Map<Integer, Matching> all = new HashMap<>();
    matching.forEach(
        (id, how) -> {
          // Where nothing is normalized and all are matched together, it makes no difference.
          boolean normalized = how.normalized() && !(allNormalized && rules.forms().isEmpty());
          Matching same =
              new Matching(how.leftStrip(), how.rightStrip(), how.singleWord(), normalized);
          if (!same.equals(Matching.PLAIN)) {
            all.put(id, same);
          }
        });
    return new TextRules(rules.prefixSpace(), rules.split(), rules.forms(), rules.unknown(), all);
  }
}
