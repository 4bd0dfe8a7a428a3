package gpt.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Utf8DecoderTest {
  /** A character is decoded with its last byte, no earlier and no later. */
  @Test
  void holdsACharacterBackUntilItIsComplete() {
    for (int seed = 0; seed < 50; seed++) {
      String text = RandomText.of(new Random(seed), 40);
      Utf8Decoder decoder = new Utf8Decoder();
      text.codePoints()
          .mapToObj(Character::toString)
          .forEach(
              character -> {
                byte[] bytes = character.getBytes(UTF_8);
                for (int i = 0; i < bytes.length; i++) {
                  String expected = i == bytes.length - 1 ? character : "";
                  assertEquals(expected, decoder.decode(new byte[] {bytes[i]}));
                }
              });
      assertEquals("", decoder.flush());
      assertEquals(text, new Utf8Decoder().decode(text.getBytes(UTF_8)), "seed " + seed);
    }
  }

  /** Results of CPython 3's bytes.decode("utf-8", errors="replace"); R stands for U+FFFD. */
  @Test
  void invalidBytesBecomeReplacementCharactersAsInPython() {
    assertDecodes("41ff42", "ARB");
    assertDecodes("80", "R");
    assertDecodes("bfbf", "RR");
    assertDecodes("c0af", "RR");
    assertDecodes("c141", "RA");
    assertDecodes("c2", "R");
    assertDecodes("c241", "RA");
    assertDecodes("e0", "R");
    assertDecodes("e080", "RR");
    assertDecodes("e08080", "RRR");
    assertDecodes("e0a0", "R");
    assertDecodes("e0a041", "RA");
    assertDecodes("e2829f", "\u209F");
    assertDecodes("e28241", "RA");
    assertDecodes("e282e282ac", "R\u20AC");
    assertDecodes("eda080", "RRR");
    assertDecodes("edb080", "RRR");
    assertDecodes("edbfbf", "RRR");
    assertDecodes("ed9fbf", "\uD7FF");
    assertDecodes("f0", "R");
    assertDecodes("f09f", "R");
    assertDecodes("f09f99", "R");
    assertDecodes("f09f9982", "\uD83D\uDE42");
    assertDecodes("f09f9941", "RA");
    assertDecodes("f08080", "RRR");
    assertDecodes("f0808080", "RRRR");
    assertDecodes("f4908080", "RRRR");
    assertDecodes("f48fbfbf", "\uDBFF\uDFFF");
    assertDecodes("f5808080", "RRRR");
    assertDecodes("f8888080", "RRRR");
    assertDecodes("fe", "R");
    assertDecodes("f09f99f09f9982", "R\uD83D\uDE42");
    assertDecodes("c3c3a9", "R\u00E9");
    assertDecodes("e2c3a9", "R\u00E9");
    assertDecodes("efbfbd", "R");
    assertDecodes("efbbbf41", "\uFEFFA");
  }

  @Test
  void chunkBoundariesDoNotMatter() {
    for (int seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = new byte[random.nextInt(20)];
      for (int i = 0; i < bytes.length; i++) {
        int[] likely = {0x41, 0x80, 0x90, 0xA0, 0xBF, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xFF};
        bytes[i] = (byte) likely[random.nextInt(likely.length)];
      }
      Utf8Decoder decoder = new Utf8Decoder();
      StringBuilder text = new StringBuilder();
      for (int from = 0; from < bytes.length; ) {
        int to = from + random.nextInt(bytes.length - from + 1);
        text.append(decoder.decode(Arrays.copyOfRange(bytes, from, to)));
        from = to;
      }
      text.append(decoder.flush());
      Utf8Decoder atOnce = new Utf8Decoder();
      assertEquals(atOnce.decode(bytes) + atOnce.flush(), text.toString(), "seed " + seed);
    }
  }

  @Test
  void flushResetsTheDecoder() {
    Utf8Decoder decoder = new Utf8Decoder();
    assertEquals("", decoder.decode(new byte[] {(byte) 0xF0, (byte) 0x9F}));
    assertEquals("\uFFFD", decoder.flush());
    assertEquals("", decoder.flush());
    assertEquals("a", decoder.decode(new byte[] {'a'}));
  }

  private static void assertDecodes(String hex, String expected) {
    Utf8Decoder decoder = new Utf8Decoder();
    String text = decoder.decode(HexFormat.of().parseHex(hex)) + decoder.flush();
    assertEquals(expected.replace('R', '\uFFFD'), text, hex);
  }
}
