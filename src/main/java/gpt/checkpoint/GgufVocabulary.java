package gpt.checkpoint;

import gpt.tokenizer.BytePairs;
import gpt.tokenizer.BytePairs.Kind;
import gpt.tokenizer.TextRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The tokenizer in a GGUF file: byte pairs that split a text as GPT-2 does, characters under a key
 * of our own, or none. Other kinds are refused: with GPT-2's instead, a text would mean nothing.
 */
record GgufVocabulary(Optional<List<String>> characters, Optional<BytePairs> pairs) {
  static final String MODEL = "tokenizer.ggml.model";
  static final String SPLITTING = "tokenizer.ggml.pre";
  static final String TOKENS = "tokenizer.ggml.tokens";
  static final String KINDS = "tokenizer.ggml.token_type";
  static final String MERGES = "tokenizer.ggml.merges";
  static final String BEGIN = "tokenizer.ggml.bos_token_id";
  static final String END = "tokenizer.ggml.eos_token_id";

  /** Our own array of ids, where several end a text: llama.cpp knows one. */
  static final String ENDS = "gpt.eos_token_ids";

  /** Our own text: what {@link TokenRules} are not GPT-2's, as JSON. llama.cpp has no others. */
  static final String RULES = "gpt.tokenizer_rules";

  static final String BYTE_PAIRS = "gpt2";
  static final String GPT2_SPLITTING = "gpt-2";

  /** {@link #MODEL} where llama.cpp is to have none. */
  static final String NONE = "none";

  /** Its array of texts, index = id. */
  static final String CHARACTERS = "gpt.characters";

  /** Reads it; a model of this many rows can have no more tokens. */
  static GgufVocabulary read(Path file, GgufMetadata keys, int vocabSize) {
    Optional<List<String>> characters =
        keys.strings(CHARACTERS, vocabSize)
            .map(c -> Characters.checked(file, new ArrayList<Object>(c), vocabSize));
    String model = keys.string(MODEL, NONE);
    if (model.equals(NONE)) {
      return new GgufVocabulary(characters, Optional.empty());
    }
    if (!model.equals(BYTE_PAIRS)) {
      throw keys.expected(MODEL, BYTE_PAIRS + " or " + NONE, model);
    }
    String splitting = keys.string(SPLITTING, GPT2_SPLITTING);
    if (!splitting.equals(GPT2_SPLITTING)) {
      throw keys.expected(SPLITTING, GPT2_SPLITTING, splitting);
    }
    return new GgufVocabulary(characters, pairs(file, keys, vocabSize));
  }

  private static Optional<BytePairs> pairs(Path file, GgufMetadata keys, int vocabSize) {
    Optional<List<String>> tokens = keys.strings(TOKENS, vocabSize);
    if (tokens.isEmpty()) {
      throw Fault.in(file, TOKENS + " is missing");
    }
    int size = tokens.get().size();
    Optional<List<String>> merges = keys.strings(MERGES, Long.MAX_VALUE);
    if (merges.isEmpty()) {
      throw Fault.in(file, MERGES + " is missing");
    }
    List<Kind> kinds = kinds(file, keys, size);
    return Optional.of(
        new BytePairs(
            tokens.get(),
            kinds,
            merges.get(),
            id(keys, BEGIN, size),
            id(keys, END, size),
            rules(file, keys)));
  }

  private static TextRules rules(Path file, GgufMetadata keys) {
    return keys.has(RULES)
        ? TokenRules.fromText(file, RULES, keys.string(RULES, ""))
        : TextRules.GPT2;
  }

  private static List<Kind> kinds(Path file, GgufMetadata keys, int size) {
    List<Kind> kinds = new ArrayList<>();
    int[] numbers = keys.integers(KINDS, size).orElse(null);
    if (numbers != null && numbers.length != size) {
      throw Fault.in(
          file,
          "%s: expected %d, one for each token, found %d".formatted(KINDS, size, numbers.length));
    }
    for (int id = 0; id < size; id++) {
      kinds.add(numbers == null ? Kind.NORMAL : kind(file, id, numbers[id]));
    }
    return kinds;
  }

  private static Kind kind(Path file, int id, int number) {
    for (Kind kind : Kind.values()) {
      if (kind.number() == number) {
        return kind;
      }
    }
    throw Fault.in(
        file, "%s: token %d: expected 1, 3, 4 or 5, found %d".formatted(KINDS, id, number));
  }

  /** The ids that end a text, those of the model only. */
  static List<Integer> endIds(GgufMetadata keys, int vocabSize) {
    IntStream ids =
        keys.has(ENDS)
            ? keys.integers(ENDS, vocabSize).stream().flatMapToInt(IntStream::of)
            : keys.has(END) ? IntStream.of(keys.integer(END)) : IntStream.empty();
    return ids.filter(id -> id >= 0 && id < vocabSize).distinct().boxed().toList();
  }

  private static OptionalInt id(GgufMetadata keys, String key, int size) {
    if (!keys.has(key)) {
      return OptionalInt.empty();
    }
    int id = keys.integer(key);
    if (id >= size) {
      throw keys.expected(key, "the id of one of " + size + " tokens", id);
    }
    return OptionalInt.of(id);
  }
}
