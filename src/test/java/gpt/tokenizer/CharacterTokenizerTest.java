package gpt.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CharacterTokenizerTest {
  private final Tokenizer abc =
      new CharacterTokenizer(List.of("\n", " ", "a", "b", "é", "\uD83D\uDE42"));

  @Test
  void oneIdForOneCodePoint() {
    assertArrayEquals(new int[] {3, 2, 5, 0, 4}, abc.encode("ba\uD83D\uDE42\né"));
    assertArrayEquals(new int[0], abc.encode(""));
    assertEquals("\uD83D\uDE42", new String(abc.decode(5), UTF_8));
    assertEquals("\uFFFD", new String(abc.decode(6), UTF_8));
    assertEquals("\uFFFD", new String(abc.decode(-1), UTF_8));
    assertEquals(6, abc.vocabSize());
    assertEquals(OptionalInt.empty(), abc.endOfText());
  }

  @Test
  void anyUnicodeTextIsDecodedUnchanged() {
    for (int seed = 0; seed < 100; seed++) {
      String text = RandomText.of(new Random(seed), 60);
      List<String> characters = text.codePoints().distinct().mapToObj(Character::toString).toList();
      Tokenizer tokenizer = new CharacterTokenizer(characters);
      StringBuilder back = new StringBuilder();
      for (int id : tokenizer.encode(text)) {
        back.append(new String(tokenizer.decode(id), UTF_8));
      }
      assertEquals(text, back.toString(), "seed " + seed);
    }
  }

  @Test
  void anUnknownCharacterIsReportedWithItsPosition() {
    String known = "; its vocabulary has 6 characters: \\n abé\uD83D\uDE42";
    assertUnknown(
        "ab\uD83D\uDE42€a",
        "the model has no token for '€' (U+20AC EURO SIGN), character 4 of the text" + known);
    assertUnknown(
        "a\r\n",
        "the model has no token for (U+000D CARRIAGE RETURN (CR)), character 2 of the text"
            + known);
    assertUnknown("\uD83D", "the model has no token for (U+D83D), character 1 of the text" + known);
    assertUnknown(
        "\u202E",
        "the model has no token for (U+202E RIGHT-TO-LEFT OVERRIDE), character 1 of the text"
            + known);
  }

  @Test
  void aLargeVocabularyIsNotListed() {
    List<String> many = new ArrayList<>();
    for (int c = 0x4E00; c < 0x4E00 + 3000; c++) {
      many.add(Character.toString(c));
    }
    String message =
        assertThrows(UnencodableTextException.class, () -> new CharacterTokenizer(many).encode("a"))
            .getMessage();
    assertEquals(
        "the model has no token for 'a' (U+0061 LATIN SMALL LETTER A), character 1 of the text;"
            + " its vocabulary has 3000 characters",
        message);
  }

  @Test
  void aVocabularyNeedsDistinctSingleCharacters() {
    assertRefused("the vocabulary's entry 1 must be one character, found 'bc'", "a", "bc");
    assertRefused("the vocabulary's entry 0 must be one character, found ''", "");
    assertRefused("the vocabulary's entry 0 must be one character, found '\\u{D800}'", "\uD800");
    assertRefused("the vocabulary has '\\n' twice, as ids 0 and 2", "\n", "b", "\n");
    assertRefused("the vocabulary has no characters");
  }

  @Test
  void aModelsTokenizerFollowsFromItsCharactersOrItsSize() {
    Optional<List<String>> characters = Optional.of(List.of("a", "b"));
    assertEquals("characters", Tokenizers.forModel(characters, 2).orElseThrow().name());
    assertEquals("characters", Tokenizers.forModel(characters, 50257).orElseThrow().name());
    assertEquals("gpt2", Tokenizers.forModel(Optional.empty(), 50257).orElseThrow().name());
    assertEquals("gpt2", Tokenizers.forModel(Optional.empty(), 50304).orElseThrow().name());
    assertEquals(Optional.empty(), Tokenizers.forModel(Optional.empty(), 50256));
    assertEquals(Optional.empty(), Tokenizers.forModel(Optional.empty(), 50305));
    assertEquals(
        "the vocabulary: expected at most 1 characters (vocab_size), found 2",
        assertThrows(IllegalArgumentException.class, () -> Tokenizers.forModel(characters, 1))
            .getMessage());
  }

  private void assertUnknown(String text, String message) {
    assertEquals(
        message, assertThrows(UnencodableTextException.class, () -> abc.encode(text)).getMessage());
  }

  private static void assertRefused(String message, String... characters) {
    assertEquals(
        message,
        assertThrows(
                IllegalArgumentException.class, () -> new CharacterTokenizer(List.of(characters)))
            .getMessage());
  }
}
