package gpt.tokenizer;

import java.text.Normalizer;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What byte pairs do to a text before their merges.
 *
 * @param prefixSpace whether a space is put before each text between literals that begins with none
 * @param split whether GPT-2's pattern splits a text; else its merges may join any neighbours
 * @param forms Unicode normalization forms, applied in this order
 * @param unknown the id of a byte that the vocabulary lacks; without one the text is refused
 * @param matching by id, of the literals that are not matched as they are
 */
public record TextRules(
    boolean prefixSpace,
    boolean split,
    List<Normalizer.Form> forms,
    OptionalInt unknown,
    Map<Integer, Matching> matching) {

  /** GPT-2's. */
  public static final TextRules GPT2 =
      new TextRules(false, true, List.of(), OptionalInt.empty(), Map.of());

  /** Keeps its own copies. */
  public TextRules {
    forms = List.copyOf(forms);
    matching = Map.copyOf(matching);
  }

  /**
   * How a literal is found in a text: {@code AddedToken} of Hugging Face's tokenizers.
   *
   * @param leftStrip whether the white space before it is part of it
   * @param rightStrip whether the white space after it is part of it
   * @param singleWord whether no word may touch it
   * @param normalized whether it is looked for in the normalized text, after the other literals
   */
  public record Matching(
      boolean leftStrip, boolean rightStrip, boolean singleWord, boolean normalized) {

    /** As it is, wherever it stands. */
    public static final Matching PLAIN = new Matching(false, false, false, false);
  }

  Matching of(int id) {
    return matching.getOrDefault(id, Matching.PLAIN);
  }

  String normalize(String text) {
    String normalized = text;
    for (Normalizer.Form form : forms) {
      normalized = Normalizer.normalize(normalized, form);
    }
    return normalized;
  }
}
