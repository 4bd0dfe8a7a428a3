package gpt.tokenizer;

import java.util.Random;

/**
 * Random Unicode texts: all planes, unassigned code points, and sequences that break tokenizers.
 */
final class RandomText {
  private static final String[] PIECES = {
    "\r\n",
    "\n\n",
    "  ",
    "\t",
    "\u0000",
    "\u007F",
    "\u0085",
    "\u00A0",
    "\u2028",
    "\u3000",
    "e\u0301",
    "\u0301\u0302\u0303",
    "\uD83D\uDC69\u200D\uD83D\uDC69\u200D\uD83D\uDC67",
    "\uD83C\uDDEB\uD83C\uDDF7",
    "\u2764\uFE0F",
    "\uFEFF",
    "\uFFFD",
    "\uFFFF",
    "'s",
    "'LL",
    " don't",
    "<|endoftext",
    "|>",
    " the",
    "12345",
    "日本語",
    "привет",
    "\u0E01\u0E33"
  };

  private RandomText() {}

  static String of(Random random, int pieces) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < pieces; i++) {
      switch (random.nextInt(4)) {
        case 0 -> text.append(PIECES[random.nextInt(PIECES.length)]);
        case 1 -> text.append((char) (' ' + random.nextInt(95)));
        case 2 -> text.appendCodePoint(random.nextInt(0xD800));
        default -> text.appendCodePoint(0xE000 + random.nextInt(0x110000 - 0xE000));
      }
    }
    return text.toString();
  }
}
