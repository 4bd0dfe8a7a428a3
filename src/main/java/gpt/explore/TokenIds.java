package gpt.explore;

import gpt.GptException;
import gpt.tokenizer.TokenLabel;
import java.util.Arrays;

/** Parses files of token ids. Errors name the file, the position in it and what was found. */
public final class TokenIds {
  /** Maximum length of a quote in an error, in bytes. */
  private static final int MAX_QUOTE = 20;

  private final String name;
  private final int vocabSize;
  private int[] ids = new int[1024];
  private int count;

  private TokenIds(String name, int vocabSize) {
    this.name = name;
    this.vocabSize = vocabSize;
  }

  /**
   * Parses decimal ids separated by white space or commas. A comma must have an id before and after
   * it.
   *
   * @param name the file's name, for errors
   * @param vocabSize ids are 0 to vocabSize − 1
   * @throws GptException if the text is something else
   */
  public static int[] ofText(byte[] text, String name, int vocabSize) {
    TokenIds ids = new TokenIds(name, vocabSize);
    int line = 1;
    int at = 0;
    boolean comma = false; // whether a comma was last, ignoring white space
    while (at < text.length) {
      if (text[at] == ',') {
        if (comma || ids.count == 0) {
          throw ids.missingId(line, "before a comma");
        }
        comma = true;
        at++;
      } else if (isSpace(text[at])) {
        line += text[at] == '\n' ? 1 : 0;
        at++;
      } else {
        int end = at;
        while (end < text.length && text[end] != ',' && !isSpace(text[end])) {
          end++;
        }
        ids.add(ids.number(text, at, end, line), "line " + line);
        comma = false;
        at = end;
      }
    }
    if (comma) {
      throw ids.missingId(line, "after the last comma");
    }
    return Arrays.copyOf(ids.ids, ids.count);
  }

  /**
   * Parses unsigned 16-bit ids, little-endian: the format of {@code val.bin}, which nanoGPT's
   * {@code prepare.py} writes.
   *
   * @param name the file's name, for errors
   * @param vocabSize ids are 0 to vocabSize − 1
   * @throws GptException if the bytes are something else
   */
  public static int[] ofBin(byte[] bytes, String name, int vocabSize) {
    if (bytes.length % 2 != 0) {
      throw new GptException(
          name
              + ": expected 16-bit ids as in nanoGPT's train.bin and val.bin, found an odd number"
              + " of bytes, "
              + bytes.length);
    }
    TokenIds ids = new TokenIds(name, vocabSize);
    for (int at = 0; at < bytes.length; at += 2) {
      ids.add(bytes[at] & 0xFF | (bytes[at + 1] & 0xFF) << 8, "token " + at / 2);
    }
    return Arrays.copyOf(ids.ids, ids.count);
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t';
  }

  private GptException missingId(int line, String where) {
    return new GptException(name + ": line " + line + ": expected an id " + where + ", found none");
  }

  /** Parses a number; values too large for an id become Integer.MAX_VALUE. */
  private long number(byte[] text, int from, int to, int line) {
    long value = 0;
    for (int at = from; at < to; at++) {
      if (text[at] < '0' || text[at] > '9') {
        byte[] word = Arrays.copyOfRange(text, from, Math.min(to, from + MAX_QUOTE));
        throw new GptException(
            "%s: line %s: expected ids separated by spaces, line ends or commas, found '%s%s"
                .formatted(name, line, TokenLabel.of(word), to > from + MAX_QUOTE ? "…'" : "'"));
      }
      value = Math.min(10 * value + text[at] - '0', Integer.MAX_VALUE);
    }
    return value;
  }

  private void add(long id, String where) {
    if (id >= vocabSize) {
      throw new GptException(
          "%s: %s: this model's ids go from 0 to %s, found %s"
              .formatted(
                  name, where, vocabSize - 1, id == Integer.MAX_VALUE ? "a larger number" : id));
    }
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, Math.max(count + 1, (int) Math.min(2L * count, 1 << 30)));
    }
    ids[count++] = (int) id;
  }
}
