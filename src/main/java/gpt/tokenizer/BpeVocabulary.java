package gpt.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;

/**
 * The vocabulary and merges of a byte-level BPE tokenizer, as vocab.json and merges.txt, a
 * tokenizer.json or a GGUF file hold them.
 *
 * @param tokens the text of each id; a {@link Kind#NORMAL} token is spelled in GPT-2's byte
 *     alphabet (a space is Ġ)
 * @param kinds the kind of each token, index = id
 * @param merges two tokens with a space between them, in the order of their rank
 * @param bosId the id of the token that begins a text, if there is one
 * @param eosId the id of the token that ends a text, if there is one
 * @param rules how a text is prepared before the merges
 */
public record BpeVocabulary(
    List<String> tokens,
    List<Kind> kinds,
    List<String> merges,
    OptionalInt bosId,
    OptionalInt eosId,
    TokenizerRules rules) {

  /** A vocabulary with GPT-2's rules. */
  public BpeVocabulary(
      List<String> tokens,
      List<Kind> kinds,
      List<String> merges,
      OptionalInt bosId,
      OptionalInt eosId) {
    this(tokens, kinds, merges, bosId, eosId, TokenizerRules.GPT2);
  }

  /** The kind of a token, under llama.cpp's names. */
  public enum Kind {
    /** A byte or the result of merges. */
    NORMAL(1),
    /** A special token, matched as a literal: {@code <|endoftext|>}. */
    CONTROL(3),
    /** An added token that is ordinary text, matched as a literal. */
    USER_DEFINED(4),
    /** An id without a token: padding of the embedding's rows. */
    UNUSED(5);

    private final int ggufType;

    Kind(int ggufType) {
      this.ggufType = ggufType;
    }

    /** Its number in the {@code tokenizer.ggml.token_type} array of a GGUF file. */
    public int ggufType() {
      return ggufType;
    }
  }

  /**
   * Copies the lists.
   *
   * @throws IllegalArgumentException if tokens and kinds differ in number
   */
  public BpeVocabulary {
    tokens = List.copyOf(tokens);
    kinds = List.copyOf(kinds);
    merges = List.copyOf(merges);
    if (tokens.size() != kinds.size()) {
      throw new IllegalArgumentException(
          "expected a kind for each of " + tokens.size() + " tokens, found " + kinds.size());
    }
  }

  /** This vocabulary with unused tokens appended up to {@code size} tokens. */
  public BpeVocabulary padded(int size) {
    List<String> paddedTokens = new ArrayList<>(tokens);
    List<Kind> paddedKinds = new ArrayList<>(kinds);
    while (paddedTokens.size() < size) {
      paddedTokens.add("[PAD" + paddedTokens.size() + "]");
      paddedKinds.add(Kind.UNUSED);
    }
    return new BpeVocabulary(paddedTokens, paddedKinds, merges, bosId, eosId, rules);
  }

  /** This vocabulary without the unused tokens at its end. */
  BpeVocabulary withoutPadding() {
    int size = tokens.size();
    while (size > 0 && kinds.get(size - 1) == Kind.UNUSED) {
      size--;
    }
    return new BpeVocabulary(
        tokens.subList(0, size), kinds.subList(0, size), merges, bosId, eosId, rules);
  }

  /**
   * GPT-2's vocabulary; its merges are derived from jtokkit's tokens, whose ids follow their rank.
   */
  public static BpeVocabulary gpt2() {
    return Gpt2.VOCABULARY;
  }

  /** Initialized on first use. */
  private static final class Gpt2 {
    static final BpeVocabulary VOCABULARY = create();

    private static BpeVocabulary create() {
      Gpt2Tokenizer gpt2 = new Gpt2Tokenizer();
      int end = Gpt2Tokenizer.END_OF_TEXT;
      int[] byteIds = new int[ByteAlphabet.BYTES];
      List<String> tokens = new ArrayList<>();
      List<String> merges = new ArrayList<>();
      Merges earlier = new Merges();
      for (int id = 0; id < end; id++) {
        byte[] bytes = gpt2.decode(id);
        tokens.add(ByteAlphabet.toText(bytes));
        if (bytes.length == 1) {
          byteIds[bytes[0] & 0xFF] = id;
          continue;
        }
        int[] parts = new int[bytes.length];
        for (int i = 0; i < parts.length; i++) {
          parts[i] = byteIds[bytes[i] & 0xFF];
        }
        // The earlier merges leave two parts of this token's bytes: they are its merge.
        parts = earlier.apply(parts);
        merges.add(tokens.get(parts[0]) + " " + tokens.get(parts[1]));
        earlier.add(parts[0], parts[1], id);
      }
      tokens.add(new String(gpt2.decode(end), StandardCharsets.UTF_8));
      List<Kind> kinds = new ArrayList<>(Collections.nCopies(end, Kind.NORMAL));
      kinds.add(Kind.CONTROL);
      return new BpeVocabulary(tokens, kinds, merges, OptionalInt.of(end), OptionalInt.of(end));
    }
  }
}
