package gpt.backend.cpu.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where the codes of {@value #CHUNK} steps over k are in a column's 32-bit words. A word has the
 * same fields in both halves. A field is a code or, because 16 is no multiple of 5 or 6, some bits
 * of one; a half of a word has
 *
 * <ul>
 *   <li>2, 4 and 8 bits: 8, 4 or 2 codes, first to last;
 *   <li>5 bits: three codes, and bit i of the half's 16th code in word i;
 *   <li>6 bits, three words for 16 steps: two codes each, and in the upper 4 bits the lower 4 bits
 *       of the half's seventh code, of its eighth, and the upper 2 bits of both.
 * </ul>
 *
 * <p>So kernels that multiply in 16-bit lanes need a multiplication for each field, without masks.
 * Such a word shifted right to field j is Vⱼ = qⱼ + 2ᵈ Vⱼ₊₁, with the fields qⱼ and the distance d
 * to the next one. Therefore Σ qⱼ yⱼ = Σ Vⱼ (yⱼ − 2ᵈ yⱼ₋₁) with y₋₁ = 0, where yⱼ is x times the
 * place value of the field's lowest bit. Modulo 2¹⁶ the low half of Vⱼ suffices, and its high half
 * is that of the field as many bits above bit 16. An int has the multipliers of both.
 */
final class CodeLayout {
  /** Steps over k whose codes are together. */
  static final int CHUNK = 32;

  private static final CodeLayout[] BY_BITS = new CodeLayout[9];

  static {
    for (int bits : new int[] {2, 4, 5, 6, 8}) {
      BY_BITS[bits] = new CodeLayout(bits);
    }
  }

  /**
   * Some bits of a code.
   *
   * @param word of the chunk's
   * @param position of the lowest bit in the word
   * @param code which one, from 0 to 31
   * @param shift the lowest bit's position in the code
   * @param bits how many
   */
  record Field(int word, int position, int code, int shift, int bits) {
    int get(int word) {
      return (word >>> position & (1 << bits) - 1) << shift;
    }
  }

  private final int bits;
  private final Field[] fields; // ascending words and positions
  private final Field[][] halves; // of the first 16 codes, and of the others
  private final int[] highMasks = new int[CHUNK];

  private CodeLayout(int bits) {
    this.bits = bits;
    List<Field> fields = new ArrayList<>();
    for (int word = 0; word < bits; word++) {
      for (int half = 0; half < 2; half++) {
        switch (bits) {
          case 5 -> fiveBits(fields, word, half);
          case 6 -> sixBits(fields, word, half);
          default -> {
            int codes = 16 / bits;
            for (int i = 0; i < codes; i++) {
              add(fields, word, half, i * bits, (2 * word + half) * codes + i, 0, bits);
            }
          }
        }
      }
    }
    this.fields = fields.toArray(Field[]::new);
    halves =
        Stream.of(0, 1)
            .map(i -> fields.stream().filter(f -> f.code() / (CHUNK / 2) == i))
            .map(half -> half.toArray(Field[]::new))
            .toArray(Field[][]::new);
  }

  private void fiveBits(List<Field> fields, int word, int half) {
    for (int i = 0; i < 3; i++) {
      add(fields, word, half, 5 * i, 16 * half + 3 * word + i, 0, 5);
    }
    add(fields, word, half, 15, 16 * half + 15, word, 1);
  }

  private void sixBits(List<Field> fields, int word, int half) {
    int first = word / 3 * 16 + half * 8;
    int i = word % 3;
    add(fields, word, half, 0, first + 2 * i, 0, 6);
    add(fields, word, half, 6, first + 2 * i + 1, 0, 6);
    if (i < 2) {
      add(fields, word, half, 12, first + 6 + i, 0, 4);
    } else {
      add(fields, word, half, 12, first + 6, 4, 2);
      add(fields, word, half, 14, first + 7, 4, 2);
    }
  }

  private void add(
      List<Field> fields, int word, int half, int position, int code, int shift, int bits) {
    fields.add(new Field(word, 16 * half + position, code, shift, bits));
    highMasks[code] = -half;
  }

  /** The layout of codes of 2, 4, 5, 6 or 8 bits. */
  static CodeLayout of(int bits) {
    return BY_BITS[bits];
  }

  /** Words of a column for a chunk: as many as a code has bits. */
  int words() {
    return bits;
  }

  /** The fields of a chunk, in ascending order of words and positions. */
  Field[] fields() {
    return fields;
  }

  /** The fields of {@code count} codes, 16 or 32, from a multiple of that on. */
  Field[] fields(int from, int count) {
    return count == CHUNK ? fields : halves[from / (CHUNK / 2)];
  }

  /** Multipliers of a chunk. */
  int multipliers() {
    return fields.length / 2;
  }

  /** −1 for codes in the upper halves of words, 0 for the others. */
  int[] highMasks() {
    return highMasks;
  }

  /** Stores the multipliers of a chunk of x. */
  void multipliers(int[] x, int[] out, int at) {
    switch (bits) {
      case 4 -> fourBits(x, out, at);
      case 5 -> fiveBits(x, out, at);
      case 6 -> sixBits(x, out, at);
      default -> {
        int codes = 16 / bits; // of a half
        int to = at;
        for (int first = 0; first < CHUNK; first += 2 * codes) {
          int low = 0;
          int high = 0;
          for (int i = first; i < first + codes; i++) {
            out[to++] = pair(x[i] - (low << bits), x[i + codes] - (high << bits));
            low = x[i];
            high = x[i + codes];
          }
        }
      }
    }
  }

  private static void fourBits(int[] x, int[] out, int at) {
    for (int i = 0; i < CHUNK; i += 8) {
      int to = at + i / 2;
      out[to] = pair(x[i], x[i + 4]);
      out[to + 1] = pair(x[i + 1] - 16 * x[i], x[i + 5] - 16 * x[i + 4]);
      out[to + 2] = pair(x[i + 2] - 16 * x[i + 1], x[i + 6] - 16 * x[i + 5]);
      out[to + 3] = pair(x[i + 3] - 16 * x[i + 2], x[i + 7] - 16 * x[i + 6]);
    }
  }

  private static void fiveBits(int[] x, int[] out, int at) {
    int to = at;
    for (int i = 0; i < 15; i += 3) {
      int j = 16 + i;
      out[to++] = pair(x[i], x[j]);
      out[to++] = pair(x[i + 1] - (x[i] << 5), x[j + 1] - (x[j] << 5));
      out[to++] = pair(x[i + 2] - (x[i + 1] << 5), x[j + 2] - (x[j + 1] << 5));
      int place = i / 3;
      out[to++] = pair((x[15] << place) - (x[i + 2] << 5), (x[31] << place) - (x[j + 2] << 5));
    }
  }

  private static void sixBits(int[] x, int[] out, int at) {
    int to = at;
    for (int i = 0; i < CHUNK; i += 16) {
      for (int word = 0; word < 3; word++) {
        int a = i + 2 * word;
        int b = a + 8;
        out[to++] = pair(x[a], x[b]);
        out[to++] = pair(x[a + 1] - (x[a] << 6), x[b + 1] - (x[b] << 6));
        if (word < 2) {
          int c = i + 6 + word;
          out[to++] = pair(x[c] - (x[a + 1] << 6), x[c + 8] - (x[b + 1] << 6));
        }
      }
      int c = i + 6;
      out[to++] = pair((x[c] << 4) - (x[c - 1] << 6), (x[c + 8] << 4) - (x[c + 7] << 6));
      out[to++] = pair((x[c + 1] << 4) - (x[c] << 6), (x[c + 9] << 4) - (x[c + 8] << 6));
    }
  }

  private static int pair(int low, int high) {
    return low & 0xFFFF | high << 16;
  }
}
