package gpt.tokenizer;

import java.text.Normalizer;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * How byte-level BPE prepares a text before the merges: the normalizer, the ByteLevel pre-tokenizer
 * and the added tokens of Hugging Face's tokenizers.
 *
 * @param prefixSpace {@code add_prefix_space}: whether a text between literals gets a leading space
 *     if it has none
 * @param useRegex {@code use_regex}: whether GPT-2's regular expression splits a text into pieces;
 *     if not, merges may cross word boundaries
 * @param normalizers Unicode normalization forms, applied in this order
 * @param unknownId {@code unk_token}: the id for a byte that the vocabulary lacks; without it such
 *     a text cannot be encoded
 * @param matching by id, the literals that are not matched verbatim
 */
public record TokenizerRules(
    boolean prefixSpace,
    boolean useRegex,
    List<Normalizer.Form> normalizers,
    OptionalInt unknownId,
    Map<Integer, Matching> matching) {

  /** GPT-2's rules. */
  public static final TokenizerRules GPT2 =
      new TokenizerRules(false, true, List.of(), OptionalInt.empty(), Map.of());

  /** Copies the collections. */
  public TokenizerRules {
    normalizers = List.copyOf(normalizers);
    matching = Map.copyOf(matching);
  }

  /**
   * How a literal is matched in a text: the flags of {@code AddedToken} in Hugging Face's
   * tokenizers.
   *
   * @param leftStrip {@code lstrip}: whether the match includes white space before the literal
   * @param rightStrip {@code rstrip}: whether the match includes white space after the literal
   * @param singleWord {@code single_word}: whether a literal next to a word character is no match
   * @param normalized whether it is matched in the normalized text, after the other literals
   */
  public record Matching(
      boolean leftStrip, boolean rightStrip, boolean singleWord, boolean normalized) {

    /** The literal matches verbatim, anywhere in the text. */
    public static final Matching VERBATIM = new Matching(false, false, false, false);
  }

  Matching matching(int id) {
    return matching.getOrDefault(id, Matching.VERBATIM);
  }

  String normalize(String text) {
    String normalized = text;
    for (Normalizer.Form form : normalizers) {
      normalized = Normalizer.normalize(normalized, form);
    }
    return normalized;
  }
}
