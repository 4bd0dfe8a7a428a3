package gpt.checkpoint.gguf;

import gpt.checkpoint.files.Fault;
import gpt.checkpoint.vocabulary.Characters;
import gpt.checkpoint.vocabulary.TokenizerRulesJson;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.BpeVocabulary.Kind;
import gpt.tokenizer.TokenizerRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The tokenizer of a GGUF file: BPE with GPT-2's pre-tokenizer, characters under a key of this
 * program, or none. Any other tokenizer is an error, since GPT-2's would give wrong ids.
 */
record GgufVocabulary(Optional<List<String>> characters, Optional<BpeVocabulary> bpe) {
  static final String MODEL = "tokenizer.ggml.model";
  static final String PRE_TOKENIZER = "tokenizer.ggml.pre";
  static final String TOKENS = "tokenizer.ggml.tokens";
  static final String TOKEN_TYPES = "tokenizer.ggml.token_type";
  static final String MERGES = "tokenizer.ggml.merges";
  static final String BOS_ID = "tokenizer.ggml.bos_token_id";
  static final String EOS_ID = "tokenizer.ggml.eos_token_id";

  /** A key of this program: an array of ids, if a model has several EOS ids; llama.cpp has one. */
  static final String EOS_IDS = "gpt.eos_token_ids";

  /**
   * A key of this program: the {@link TokenizerRules} as JSON, if they are not GPT-2's; llama.cpp
   * supports only GPT-2's.
   */
  static final String RULES = "gpt.tokenizer_rules";

  static final String GPT2 = "gpt2";
  static final String GPT2_PRE_TOKENIZER = "gpt-2";

  /** The value of {@link #MODEL} for a model without a BPE vocabulary. */
  static final String NONE = "none";

  /** A key of this program: an array of strings, index = id. */
  static final String CHARACTERS = "gpt.characters";

  /**
   * Reads the tokenizer.
   *
   * @param vocabSize rows of the token embedding, the maximum number of tokens
   */
  static GgufVocabulary read(Path file, GgufMetadata keys, int vocabSize) {
    Optional<List<String>> characters =
        keys.strings(CHARACTERS, vocabSize)
            .map(c -> Characters.checked(file, new ArrayList<Object>(c), vocabSize));
    String model = keys.string(MODEL, NONE);
    if (model.equals(NONE)) {
      return new GgufVocabulary(characters, Optional.empty());
    }
    if (!model.equals(GPT2)) {
      throw keys.expected(MODEL, GPT2 + " or " + NONE, model);
    }
    String preTokenizer = keys.string(PRE_TOKENIZER, GPT2_PRE_TOKENIZER);
    if (!preTokenizer.equals(GPT2_PRE_TOKENIZER)) {
      throw keys.expected(PRE_TOKENIZER, GPT2_PRE_TOKENIZER, preTokenizer);
    }
    return new GgufVocabulary(characters, bpe(file, keys, vocabSize));
  }

  private static Optional<BpeVocabulary> bpe(Path file, GgufMetadata keys, int vocabSize) {
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
        new BpeVocabulary(
            tokens.get(),
            kinds,
            merges.get(),
            id(keys, BOS_ID, size),
            id(keys, EOS_ID, size),
            rules(file, keys)));
  }

  private static TokenizerRules rules(Path file, GgufMetadata keys) {
    return keys.has(RULES)
        ? TokenizerRulesJson.fromJson(file, RULES, keys.string(RULES, ""))
        : TokenizerRules.GPT2;
  }

  private static List<Kind> kinds(Path file, GgufMetadata keys, int size) {
    List<Kind> kinds = new ArrayList<>();
    int[] numbers = keys.integers(TOKEN_TYPES, size).orElse(null);
    if (numbers != null && numbers.length != size) {
      throw Fault.in(
          file,
          "%s: expected %d, one for each token, found %d"
              .formatted(TOKEN_TYPES, size, numbers.length));
    }
    for (int id = 0; id < size; id++) {
      kinds.add(numbers == null ? Kind.NORMAL : kind(file, id, numbers[id]));
    }
    return kinds;
  }

  private static Kind kind(Path file, int id, int number) {
    for (Kind kind : Kind.values()) {
      if (kind.ggufType() == number) {
        return kind;
      }
    }
    throw Fault.in(
        file, "%s: token %d: expected 1, 3, 4 or 5, found %d".formatted(TOKEN_TYPES, id, number));
  }

  /** The EOS ids; ids outside the vocabulary are left out. */
  static List<Integer> endIds(GgufMetadata keys, int vocabSize) {
    IntStream ids =
        keys.has(EOS_IDS)
            ? keys.integers(EOS_IDS, vocabSize).stream().flatMapToInt(IntStream::of)
            : keys.has(EOS_ID) ? IntStream.of(keys.integer(EOS_ID)) : IntStream.empty();
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
