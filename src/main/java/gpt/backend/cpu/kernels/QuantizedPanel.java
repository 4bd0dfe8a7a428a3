package gpt.backend.cpu.kernels;

import gpt.GptException;
import gpt.model.DType;
import gpt.model.QuantizedBlock;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The layout of a panel of quantized blocks: a GGUF file's codes and scales, unchanged, in 32-bit
 * words with one word of each column side by side. A block of the panel consists of
 *
 * <ul>
 *   <li>for each column the block's scale as f16, and its minimum in the types that have one, both
 *       times {@link ReducedPrecision#F16_SCALE};
 *   <li>in K-quants four words of each column with the groups' factors: of group / 2 bits a group,
 *       the minimum's in the upper half of them;
 *   <li>for each 32 steps over k the codes, as {@link CodeLayout} has them.
 * </ul>
 *
 * <p>So all types are read in the same way, and take as many bytes as in the file, with two
 * exceptions: the 6-bit factors of Q4_K and Q5_K take 8 bits, which makes these 3% and 2% larger,
 * and the codes of Q3_K take 4 bits, which makes it 33% larger. Weights of {@code q4} are blocks of
 * Q4_0 that are made while loading.
 *
 * @param type the blocks' type
 * @param width columns
 */
public record QuantizedPanel(DType type, int width) {
  /** Steps over k whose codes are together. */
  public static final int CHUNK = CodeLayout.CHUNK;

  /** Words of a column that hold a K-quant's factors. */
  static final int FACTOR_WORDS = 4;

  /** Scales must be smaller in magnitude: lifted, they fit into an f16. */
  private static final float MAX_SCALE = 1024 - 0.25f;

  /** A thread's buffer. */
  private static final ThreadLocal<Group> GROUPS = ThreadLocal.withInitial(Group::new);

  /** Where codes are in words. */
  CodeLayout layout() {
    return CodeLayout.of(type.bits() == 3 ? 4 : type.bits());
  }

  /**
   * What kernels that sum in 16 bits subtract from codes, so that the products of half a group fit.
   */
  int center() {
    return type.hasMinimum() && type.bits() == 5 ? 16 : type.offset();
  }

  /** Steps over k whose products kernels sum in 16 bits: in 8-bit types those of one word. */
  int run() {
    return type.bits() == 8 ? 4 : type.group();
  }

  /** Bits of a group's factors; 0 in the types without. */
  int factorBits() {
    return type.block() == CHUNK ? 0 : type.group() / 2;
  }

  /** Bytes of the scales (and minima) of a block, before the factors. */
  long scaleBytes() {
    return (type.hasMinimum() ? 4L : 2L) * width;
  }

  /** Bytes of a block before its codes. */
  long headerBytes() {
    return scaleBytes() + (factorBits() == 0 ? 0 : 4L * FACTOR_WORDS * width);
  }

  /** Bytes of the codes of {@link #CHUNK} steps. */
  long chunkBytes() {
    return 4L * layout().words() * width;
  }

  /** Bytes of a block. */
  long blockBytes() {
    return headerBytes() + type.block() / CHUNK * chunkBytes();
  }

  /** Bytes of a panel with {@code k} steps, a multiple of the type's block. */
  public long bytes(int k) {
    return k / type.block() * blockBytes();
  }

  /** Stores row r of a tensor as column c of the panel at byte {@code panel}. */
  public void store(Tensor w, int r, MemorySegment data, long panel, int c) {
    QuantizedBlock block = new QuantizedBlock(type);
    int[] words = new int[layout().words()];
    for (int b = 0; b < w.columns() / type.block(); b++) {
      block.read(w.data(), type.bytes(r * w.rowStride() + (long) b * type.block()));
      store(block, words, data, panel + b * blockBytes(), c, w.name());
    }
  }

  private void store(
      QuantizedBlock block, int[] words, MemorySegment data, long at, int c, String name) {
    short scale = lifted(block.scale(), name);
    if (type.hasMinimum()) {
      int pair = scale & 0xFFFF | lifted(block.minimum(), name) << 16;
      data.set(ValueLayout.JAVA_INT, at + 4L * c, pair);
    } else {
      data.set(ValueLayout.JAVA_SHORT, at + 2L * c, scale);
    }
    if (factorBits() > 0) {
      for (int i = 0; i < FACTOR_WORDS; i++) {
        long to = at + scaleBytes() + 4L * (i * width + c);
        data.set(ValueLayout.JAVA_INT, to, factors(block, i));
      }
    }
    for (int e = 0; e < type.block(); e += CHUNK) {
      CodePacker.pack(block, e, words.length, words);
      storeWords(words, data, codes(at, e, c));
    }
  }

  /** A word with the factors of some groups. */
  private int factors(QuantizedBlock block, int i) {
    int bits = factorBits();
    int word = 0;
    for (int shift = 0; shift < 32; shift += bits) {
      int g = (32 * i + shift) / bits;
      int factors =
          type.hasMinimum()
              ? block.scaleFactor(g) | block.minimumFactor(g) << bits / 2
              : block.scaleFactor(g) & 0xFF;
      word |= factors << shift;
    }
    return word;
  }

  /** Stores a column's words for a chunk, the first one at byte {@code at}. */
  private void storeWords(int[] words, MemorySegment data, long at) {
    for (int i = 0; i < words.length; i++) {
      data.set(ValueLayout.JAVA_INT, at + 4L * width * i, words[i]);
    }
  }

  /** Where the words of the chunk with step e of a block begin, for column c. */
  private long codes(long block, int e, int c) {
    return block + headerBytes() + e / CHUNK * chunkBytes() + 4L * c;
  }

  /** An f16 as kernels read it: exactly {@link ReducedPrecision#F16_SCALE} times as large. */
  private static short lifted(short f16, String name) {
    float value = Float.float16ToFloat(f16);
    if (!(Math.abs(value) < MAX_SCALE)) {
      throw new GptException(
          name + ": expected scales within ±1023, found " + value + "; use --dtype f32");
    }
    return ReducedPrecision.toF16(value, name);
  }

  /**
   * Rounds 32 weights to a block of q4 and stores it.
   *
   * @param x the weights, {@code stride} apart from index {@code from} on
   * @param at the byte where the panel's block begins
   * @param c the column
   */
  public void store(
      float[] x, int from, int stride, MemorySegment data, long at, int c, Q4Encoder encoder) {
    data.set(ValueLayout.JAVA_SHORT, at + 2L * c, encoder.encode(x, from, stride));
    storeWords(encoder.words(), data, codes(at, 0, c));
  }

  /** The k weights of column c of the panel at byte {@code panel}, as floats. */
  public void column(MemorySegment data, long panel, int c, int k, float[] out, int outAt) {
    Group group = GROUPS.get();
    for (int e = 0; e < k; e += type.group()) {
      group.read(this, data, panel, c, e);
      for (int i = 0; i < type.group(); i++) {
        out[outAt + e + i] = Math.fma(group.codes[i], group.scale, group.minimum);
      }
    }
  }

  /** Codes, scale and minimum of a column's group: a weight is code · scale + minimum. */
  private static final class Group {
    private final int[] codes = new int[CHUNK];
    private float scale;
    private float minimum;

    void read(QuantizedPanel form, MemorySegment data, long panel, int c, int first) {
      DType type = form.type();
      int width = form.width();
      long block = panel + first / type.block() * form.blockBytes();
      int inBlock = first % type.block();
      int factors = form.factors(data, block, c, inBlock / type.group());
      if (type.hasMinimum()) {
        int pair = data.get(ValueLayout.JAVA_INT, block + 4L * c);
        int half = form.factorBits() / 2;
        int mask = (1 << half) - 1;
        scale = ReducedPrecision.fromF16((short) pair) * (half == 0 ? 1 : factors & mask);
        minimum =
            ReducedPrecision.fromF16((short) (pair >> 16))
                * (half == 0 ? 1 : factors >> half & mask);
      } else {
        scale = ReducedPrecision.fromF16(data.get(ValueLayout.JAVA_SHORT, block + 2L * c));
        scale *= form.factorBits() == 0 ? 1 : (byte) factors;
        minimum = scale * -type.offset();
      }
      Arrays.fill(codes, 0);
      long words = form.codes(block, inBlock, c);
      int from = inBlock % CHUNK;
      for (CodeLayout.Field field : form.layout().fields(from, type.group())) {
        int word = data.get(ValueLayout.JAVA_INT, words + 4L * width * field.word());
        codes[field.code() - from] |= field.get(word);
      }
    }
  }

  private int factors(MemorySegment data, long block, int c, int group) {
    int bits = factorBits();
    if (bits == 0) {
      return 0;
    }
    int at = bits * group;
    return data.get(ValueLayout.JAVA_INT, block + scaleBytes() + 4L * (at / 32 * width + c))
        >> at % 32;
  }
}
