package gpt.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import gpt.tokenizer.BpeVocabulary.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** BPE with any vocabulary; with GPT-2's, it gives the same ids as jtokkit. */
class BpeTokenizerTest {
  private static final Tokenizer GPT2 = new Gpt2Tokenizer();

  @Test
  void gpt2sMergesAreThoseOfItsMergesTxt() {
    BpeVocabulary gpt2 = BpeVocabulary.gpt2();
    assertEquals(50257, gpt2.tokens().size());
    assertEquals(50000, gpt2.merges().size());
    assertEquals(
        List.of("\u0120 t", "\u0120 a", "h e", "i n", "r e", "o n", "\u0120t he"),
        gpt2.merges().subList(0, 7));
    assertEquals("\u0120g azed", gpt2.merges().get(49999));
    assertEquals(Kind.CONTROL, gpt2.kinds().get(50256));
    assertEquals("<|endoftext|>", gpt2.tokens().get(50256));
  }

  @Test
  void givesTheIdsOfGpt2sTokenizer() {
    Tokenizer bpe = new BpeTokenizer(BpeVocabulary.gpt2().padded(50304));
    assertEquals(50257, bpe.vocabSize());
    assertEquals(GPT2.endOfText(), bpe.endOfText());
    for (int seed = 0; seed < 2_000; seed++) {
      String text = RandomText.of(new Random(seed), 60);
      assertArrayEquals(GPT2.encode(text), bpe.encode(text), "seed " + seed);
    }
    String[] texts = {
      "",
      " ",
      "a".repeat(20_000),
      " ".repeat(20_000),
      "\ud800",
      "I'll don't  we'RE\n\n x\u001c y",
      "<|endoftext|>x<|endoftext|>",
      "ab \u00a0\u2003 c",
      "1234567890123 \u00bd\u0661"
    };
    for (String text : texts) {
      assertArrayEquals(GPT2.encode(text), bpe.encode(text), text);
    }
    for (int id = -1; id < 50310; id++) {
      assertArrayEquals(GPT2.decode(id), bpe.decode(id), "id " + id);
    }
  }

  @Test
  void gpt2sVocabularyIsRecognized() {
    BpeVocabulary gpt2 = BpeVocabulary.gpt2();
    assertInstanceOf(Gpt2Tokenizer.class, of(gpt2.padded(50304)));
    List<String> merges = new ArrayList<>(gpt2.merges());
    Collections.swap(merges, 100, 200);
    BpeVocabulary other =
        new BpeVocabulary(gpt2.tokens(), gpt2.kinds(), merges, gpt2.bosId(), gpt2.eosId());
    assertInstanceOf(BpeTokenizer.class, of(other));
  }

  private static Tokenizer of(BpeVocabulary pairs) {
    return Tokenizers.forModel(Optional.empty(), Optional.of(pairs), 60_000).orElseThrow();
  }

  private static final List<String> TOKENS =
      List.of("<s>", "abc", "a", "b", "c", "ab", "bc", "\u0120", "<s>x", "spare");

  private static final List<Kind> KINDS =
      List.of(
          Kind.CONTROL,
          Kind.NORMAL,
          Kind.NORMAL,
          Kind.NORMAL,
          Kind.NORMAL,
          Kind.NORMAL,
          Kind.NORMAL,
          Kind.NORMAL,
          Kind.USER_DEFINED,
          Kind.UNUSED);

  private static BpeVocabulary pairs(String... merges) {
    return new BpeVocabulary(
        TOKENS, KINDS, List.of(merges), OptionalInt.empty(), OptionalInt.of(0));
  }

  /** Merges apply in the order of the list, not of the ids, and only those that are listed. */
  @Test
  void mergesApplyInListedOrder() {
    Tokenizer second = new BpeTokenizer(pairs("b c", "a b", "ab c"));
    assertArrayEquals(new int[] {2, 6}, second.encode("abc"), "a bc has no merge");
    Tokenizer first = new BpeTokenizer(pairs("a b", "b c", "ab c"));
    assertArrayEquals(new int[] {1}, first.encode("abc"));
    assertArrayEquals(new int[] {5, 5, 2}, first.encode("ababa"));
  }

  @Test
  void literalsAreMatchedFirstTheLongestWins() {
    Tokenizer t = new BpeTokenizer(pairs("a b"));
    assertArrayEquals(new int[] {5, 8, 0, 2}, t.encode("ab<s>x<s>a"));
    assertEquals("<s>x", new String(t.decode(8), UTF_8));
    assertEquals(" ", new String(t.decode(7), UTF_8));
    assertEquals(9, t.vocabSize(), "unused tokens at the end do not count");
    assertEquals("\uFFFD", new String(t.decode(9), UTF_8));
    assertEquals(OptionalInt.of(0), t.endOfText());
  }

  @Test
  void unknownBytesAndInvalidMergesAreRefused() {
    Tokenizer t = new BpeTokenizer(pairs("a b"));
    UnencodableTextException e =
        assertThrows(UnencodableTextException.class, () -> t.encode("ab d"));
    assertTrue(e.getMessage().contains("byte 0x64 of ' d'"), e.getMessage());
    for (String merge : new String[] {"a d", "ab", "a", "", " ", "a a"}) {
      IllegalArgumentException bad =
          assertThrows(IllegalArgumentException.class, () -> new BpeTokenizer(pairs("a b", merge)));
      assertTrue(bad.getMessage().contains("merge 1, "), bad.getMessage());
    }
    String nothing = "\0".repeat(101);
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> new BpeTokenizer(pairs("a " + nothing)))
            .getMessage()
            .endsWith("the vocabulary has no token '" + "\\u{0}".repeat(100) + "…'"));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new BpeTokenizer(
                new BpeVocabulary(
                    TOKENS, KINDS, List.of(), OptionalInt.empty(), OptionalInt.of(9))));
  }
}
