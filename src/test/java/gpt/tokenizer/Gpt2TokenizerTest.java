package gpt.tokenizer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Gpt2TokenizerTest {
  private final Tokenizer gpt2 = new Gpt2Tokenizer();

  @Test
  void givesTheKnownIdsOfGpt2() {
    assertEncodes("");
    assertEncodes("Hello world", 15496, 995);
    assertEncodes("hello", 31373);
    assertEncodes(" the", 262);
    assertEncodes("!", 0);
    assertEncodes(" ", 220);
    assertEncodes("  ", 220, 220);
    assertEncodes("\n", 198);
    assertEncodes("\n\n", 628);
    assertEncodes("Hello, I'm a language model,", 15496, 11, 314, 1101, 257, 3303, 2746, 11);
  }

  @Test
  void endOfTextIsOneIdAnywhereInAText() {
    assertEquals(OptionalInt.of(50256), gpt2.endOfText());
    assertEncodes("<|endoftext|>", 50256);
    assertEncodes("<|endoftext|><|endoftext|>", 50256, 50256);
    assertEncodes("Hello<|endoftext|> world", 15496, 50256, 995);
    // The texts around it are encoded separately: else one space would join the word after it.
    assertEncodes("  <|endoftext|>hello", 220, 220, 50256, 31373);
    assertEquals("<|endoftext|>", new String(gpt2.decode(50256), UTF_8));
    for (int id : gpt2.encode("<|endoftext| ><endoftext>|endoftext|>")) {
      assertNotEquals(50256, id);
    }
  }

  @Test
  void anyUnicodeTextIsDecodedUnchanged() {
    for (int seed = 0; seed < 300; seed++) {
      String text = RandomText.of(new Random(seed), 60);
      assertEquals(text, decoded(gpt2.encode(text)), "seed " + seed);
    }
  }

  @Test
  void codePointsOfAllPlanesAreDecodedUnchanged() {
    StringBuilder all = new StringBuilder();
    for (int c = 0; c <= 0xFFFF; c++) {
      if (c < 0xD800 || c > 0xDFFF) {
        all.appendCodePoint(c);
      }
    }
    for (int c = 0x10000; c <= 0x10FFFF; c += 61) {
      all.appendCodePoint(c);
    }
    assertEquals(all.toString(), decoded(gpt2.encode(all.toString())));
  }

  @Test
  void idsHaveDistinctBytesAndCoverAllSingleBytes() {
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < gpt2.vocabSize(); id++) {
      Integer other = ids.put(new String(gpt2.decode(id), ISO_8859_1), id);
      assertEquals(null, other, "the bytes of id " + id);
    }
    for (char b = 0; b < 256; b++) {
      assertEquals(true, ids.containsKey(String.valueOf(b)), "byte " + (int) b);
    }
  }

  @Test
  void idsOutsideTheVocabularyAreReplacementCharacters() {
    for (int id : new int[] {-1, 50257, 50303, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertEquals("\uFFFD", new String(gpt2.decode(id), UTF_8));
    }
  }

  @Test
  void loneSurrogatesAreReplacementCharacters() {
    assertArrayEquals(gpt2.encode("a\uFFFDb"), gpt2.encode("a\uD800b"));
    assertArrayEquals(gpt2.encode("\uFFFD\uFFFD"), gpt2.encode("\uDC00\uD800"));
    assertEquals("\uFFFD\uD83D\uDE42", decoded(gpt2.encode("\uD83D\uD83D\uDE42")));
  }

  /** A quadratic merge would take too long here, a recursive regular expression would overflow. */
  @Test
  void aMillionCharactersWithoutABreak() {
    for (String unit : List.of("a", " ", "\n", "=", "日", "\uD83D\uDE42")) {
      String text = unit.repeat(1_000_000 / unit.length());
      assertEquals(text, decoded(gpt2.encode(text)), "repeated " + unit);
    }
    String specials = "<|endoftext|>".repeat(80_000);
    assertEquals(80_000, gpt2.encode(specials).length);
  }

  /** jtokkit has different code for long and short words. */
  @Test
  void mergesTheLowestRankFirst() {
    Map<String, Integer> ranks = new HashMap<>();
    for (int id = 0; id < Gpt2Tokenizer.END_OF_TEXT; id++) {
      ranks.put(new String(gpt2.decode(id), ISO_8859_1), id);
    }
    String[] alphabets = {"a", "ab", "the", "etaoinshrdlu", "éàaê", "日本語"};
    for (int seed = 0; seed < 120; seed++) {
      Random random = new Random(seed);
      String alphabet = alphabets[random.nextInt(alphabets.length)];
      int length = seed % 2 == 0 ? 1 + random.nextInt(60) : 500 + random.nextInt(200);
      StringBuilder word = new StringBuilder();
      for (int i = 0; i < length; i++) {
        word.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      String text = word.toString();
      assertArrayEquals(merged(text, ranks), gpt2.encode(text), "seed " + seed);
    }
  }

  /** The definition of BPE, on bytes as Latin-1 characters. */
  private static int[] merged(String word, Map<String, Integer> ranks) {
    List<String> parts = new ArrayList<>();
    for (byte b : word.getBytes(UTF_8)) {
      parts.add(String.valueOf((char) (b & 0xFF)));
    }
    while (true) {
      int best = -1;
      int lowest = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < parts.size(); i++) {
        int rank = ranks.getOrDefault(parts.get(i) + parts.get(i + 1), Integer.MAX_VALUE);
        if (rank < lowest) {
          lowest = rank;
          best = i;
        }
      }
      if (best < 0) {
        return parts.stream().mapToInt(ranks::get).toArray();
      }
      parts.set(best, parts.get(best) + parts.remove(best + 1));
    }
  }

  private void assertEncodes(String text, int... ids) {
    assertArrayEquals(ids, gpt2.encode(text), text);
    assertEquals(text, decoded(ids));
  }

  private String decoded(int[] ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      bytes.writeBytes(gpt2.decode(id));
    }
    return bytes.toString(UTF_8);
  }
}
