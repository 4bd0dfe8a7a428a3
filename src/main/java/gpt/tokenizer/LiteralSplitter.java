package gpt.tokenizer;

import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Cuts literals (special and added tokens) out of a text. Where several match at one position, the
 * longest wins.
 */
final class LiteralSplitter {
  private static final Predicate<String> WORD = character("\\w");
  private static final Predicate<String> SPACE = character("\\s");

  private final Map<String, Integer> ids;
  private final Literals literals;
  private final TokenizerRules rules;

  private static Predicate<String> character(String regex) {
    return Pattern.compile(regex, Pattern.UNICODE_CHARACTER_CLASS).asMatchPredicate();
  }

  LiteralSplitter(Map<String, Integer> ids, TokenizerRules rules) {
    this.ids = Map.copyOf(ids);
    this.rules = rules;
    literals = new Literals(ids.keySet());
  }

  /**
   * Splits a text and reports its parts in order.
   *
   * @param literal called with the id of each literal
   * @param rest called with each non-empty text before, between and after the literals
   */
  void split(String text, IntConsumer literal, Consumer<String> rest) {
    int start = 0;
    int at = 0;
    while (at < text.length()) {
      String found = literals.longest(text, at);
      if (found == null) {
        at++;
        continue;
      }
      int end = at + found.length();
      int id = ids.get(found);
      TokenizerRules.Matching matching = rules.matching(id);
      if (matching.singleWord() && isPartOfWord(text, at, end)) {
        at = end;
        continue;
      }
      int from = at;
      while (matching.leftStrip() && from > start && is(SPACE, text.codePointBefore(from))) {
        from--; // white space never takes two chars
      }
      while (matching.rightStrip() && end < text.length() && is(SPACE, text.codePointAt(end))) {
        end++;
      }
      emit(text.substring(start, from), rest);
      literal.accept(id);
      start = end;
      at = end;
    }
    emit(text.substring(start), rest);
  }

  private static void emit(String text, Consumer<String> rest) {
    if (!text.isEmpty()) {
      rest.accept(text);
    }
  }

  private static boolean isPartOfWord(String text, int begin, int end) {
    return begin > 0 && is(WORD, text.codePointBefore(begin))
        || end < text.length() && is(WORD, text.codePointAt(end));
  }

  private static boolean is(Predicate<String> kind, int codePoint) {
    return kind.test(Character.toString(codePoint));
  }
}
