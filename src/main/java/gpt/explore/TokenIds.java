package gpt.explore;

import gpt.GptException;
import gpt.tokenizer.TokenLabel;
import java.util.Arrays;

/** Texts that are given as ids. Errors name the file, where in it, and what was found. */
public final class TokenIds {
  /** Of what stands in an id's place, as much is shown. */
  private static final int SHOWN = 20;

  private final String name;
  private final int vocabSize;
  private int[] ids = new int[1024];
  private int count;

  private TokenIds(String name, int vocabSize) {
    this.name = name;
    this.vocabSize = vocabSize;
  }

  /**
   * Numbers with spaces, line ends or commas between; a comma stands behind one and before another.
   *
   * @param name of the file, as it stands in errors
   * @param vocabSize ids go from 0 to vocabSize − 1
   */
  public static int[] ofText(byte[] text, String name, int vocabSize) {
    TokenIds ids = new TokenIds(name, vocabSize);
    int line = 1;
    int at = 0;
    boolean comma = false; // the last thing but spaces
    while (at < text.length) {
      if (text[at] == ',') {
        if (comma || ids.count == 0) {
          throw ids.noId(line, "before a comma");
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
      throw ids.noId(line, "behind the last comma");
    }
    return Arrays.copyOf(ids.ids, ids.count);
  }

  /**
   * Unsigned 16-bit numbers, the low byte first: what nanoGPT's {@code prepare.py} writes as {@code
   * val.bin}.
   *
   * @param name of the file, as it stands in errors
   * @param vocabSize ids go from 0 to vocabSize − 1
   */
  public static int[] ofBin(byte[] bytes, String name, int vocabSize) {
    if (bytes.length % 2 != 0) {
      throw new GptException(
          name
              + ": has "
              + bytes.length
              + " bytes, and ids of 16 bits would be an even number: is it one of nanoGPT's"
              + " train.bin and val.bin?");
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

  private GptException noId(int line, String where) {
    return new GptException(name + ": line " + line + ": expected an id " + where + ", found none");
  }

  /** A number; one too long for an id is Integer.MAX_VALUE. */
  private long number(byte[] text, int from, int to, int line) {
    long value = 0;
    for (int at = from; at < to; at++) {
      if (text[at] < '0' || text[at] > '9') {
        byte[] word = Arrays.copyOfRange(text, from, Math.min(to, from + SHOWN));
        throw new GptException(
            name
                + ": line "
                + line
                + ": expected ids with spaces, line ends or commas between, found '"
                + TokenLabel.of(word)
                + (to > from + SHOWN ? "…'" : "'"));
      }
      value = Math.min(10 * value + text[at] - '0', Integer.MAX_VALUE);
    }
    return value;
  }

  private void add(long id, String where) {
    if (id >= vocabSize) {
      throw new GptException(
          name
              + ": "
              + where
              + ": this model's ids go from 0 to "
              + (vocabSize - 1)
              + ", found "
              + (id == Integer.MAX_VALUE ? "a larger number" : id));
    }
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, Math.max(count + 1, (int) Math.min(2L * count, 1 << 30)));
    }
    ids[count++] = (int) id;
  }
}
