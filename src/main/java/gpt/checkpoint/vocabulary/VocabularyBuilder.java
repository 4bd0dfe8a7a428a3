package gpt.checkpoint.vocabulary;

import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import gpt.checkpoint.files.Fault;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.BpeVocabulary.Kind;
import gpt.tokenizer.TokenizerRules;
import gpt.tokenizer.TokenizerRules.Matching;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Collects tokens, ids and kinds from the files of a tokenizer and builds a BPE vocabulary. */
final class VocabularyBuilder {
  private final int vocabSize;
  private final List<String> tokens = new ArrayList<>();
  private final List<Kind> kinds = new ArrayList<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<Integer, Matching> matching = new HashMap<>();

  /** Creates a builder without tokens; ids must be below {@code vocabSize}. */
  VocabularyBuilder(int vocabSize) {
    this.vocabSize = vocabSize;
  }

  /**
   * Adds a token, or changes the kind of a token that has this id already.
   *
   * @return the id
   * @throws gpt.GptException if the id is outside the vocabulary or belongs to another token
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
          file,
          "token '%s': expected an unused id, found %s, the id of '%s'"
              .formatted(token, id, other));
    }
    tokens.set(id, token);
    kinds.set(id, kind);
    ids.putIfAbsent(token, id);
    return id;
  }

  private int id(Path file, String token, JsonElement value) {
    String text = value instanceof JsonPrimitive ? value.getAsString() : "";
    // At most nine digits always fit into an int.
    int id = text.matches("\\d{1,9}") ? Integer.parseInt(text) : -1;
    if (id < 0 || id >= vocabSize) {
      throw Fault.in(
          file,
          "token '%s': expected an id from 0 to %d, found %s"
              .formatted(token, vocabSize - 1, text.isEmpty() ? "none" : text));
    }
    return id;
  }

  /** Sets how a literal is matched. */
  void setMatching(int id, Matching how) {
    matching.put(id, how);
  }

  /** Marks a token as special; a new token gets the next id, if the model has a row for it. */
  void addSpecial(String token) {
    int id = ids.getOrDefault(token, tokens.size());
    if (id == tokens.size() && id < vocabSize) {
      tokens.add(token);
      kinds.add(Kind.CONTROL);
      ids.put(token, id);
    } else if (id < tokens.size()) {
      kinds.set(id, Kind.CONTROL);
    }
  }

  /** The id of a token, if the vocabulary has it. */
  OptionalInt find(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /** Builds the vocabulary; an id without a token becomes unused. */
  BpeVocabulary build(
      List<String> merges, OptionalInt bosId, OptionalInt eosId, TokenizerRules rules) {
    for (int id = 0; id < tokens.size(); id++) {
      if (tokens.get(id) == null) {
        tokens.set(id, "[PAD" + id + "]");
        kinds.set(id, Kind.UNUSED);
      }
    }
    return new BpeVocabulary(tokens, kinds, merges, bosId, eosId, withMatching(rules));
  }

  private TokenizerRules withMatching(TokenizerRules rules) {
    boolean allNormalized =
        kinds.stream().filter(k -> k == Kind.CONTROL || k == Kind.USER_DEFINED).count()
            == matching.values().stream().filter(Matching::normalized).count();
    Map<Integer, Matching> notVerbatim = new HashMap<>();
    matching.forEach(
        (id, how) -> {
          // Without normalizers, "normalized" has no effect if all literals have it.
          boolean normalized =
              how.normalized() && !(allNormalized && rules.normalizers().isEmpty());
          Matching effective =
              new Matching(how.leftStrip(), how.rightStrip(), how.singleWord(), normalized);
          if (!effective.equals(Matching.VERBATIM)) {
            notVerbatim.put(id, effective);
          }
        });
    return new TokenizerRules(
        rules.prefixSpace(), rules.useRegex(), rules.normalizers(), rules.unknownId(), notVerbatim);
  }
}
