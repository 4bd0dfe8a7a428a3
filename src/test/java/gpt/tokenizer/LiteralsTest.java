package gpt.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import gpt.tokenizer.BpeVocabulary.Kind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Finds the longest literal at a position of a text. */
class LiteralsTest {
  private static String text(Random random, int maxLength) {
    StringBuilder text = new StringBuilder();
    int length = 1 + random.nextInt(maxLength);
    for (int i = 0; i < length; i++) {
      text.append("ab\uffff".charAt(random.nextInt(3)));
    }
    return text.toString();
  }

  @Test
  void findsTheLongestMatchAtEveryPosition() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Set<String> all = new HashSet<>();
      for (int i = random.nextInt(20); i >= 0; i--) {
        all.add(text(random, 6));
      }
      Literals literals = new Literals(all);
      String text = text(random, 40);
      for (int at = 0; at <= text.length(); at++) {
        String rest = text.substring(at);
        String longest =
            all.stream()
                .filter(rest::startsWith)
                .max(Comparator.comparingInt(String::length))
                .orElse(null);
        assertEquals(longest, literals.longest(text, at), all + " in " + rest);
      }
    }
    assertNull(new Literals(List.of()).longest("a", 0));
  }

  /** Trying 30,000 similar literals one by one at every position would take minutes. */
  @Test
  @Timeout(60)
  void manySimilarLiteralsAreFast() {
    String a = "a".repeat(40);
    List<String> tokens = new ArrayList<>(List.of("a"));
    IntStream.range(0, 30_000).forEach(i -> tokens.add(a + "-" + i));
    List<Kind> kinds = new ArrayList<>(Collections.nCopies(30_001, Kind.CONTROL));
    kinds.set(0, Kind.NORMAL);
    OptionalInt none = OptionalInt.empty();
    Tokenizer tokenizer = new BpeTokenizer(new BpeVocabulary(tokens, kinds, List.of(), none, none));
    int[] ids = tokenizer.encode("a".repeat(300_000) + a + "-29999");
    assertEquals(300_001, ids.length);
    assertArrayEquals(new int[] {0, 30_000}, new int[] {ids[0], ids[300_000]});
  }
}
