package gpt.backend.cpu.kernels;

import gpt.GptException;
import gpt.model.DType;
import gpt.model.QuantizedBlock;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The layout of a panel of quantized blocks: a GGUF file's codes and scales, unchanged, in 32-bit
 * words with one word of each column side by side. A block of the panel consists of
 *
 * <ul>
 *   <li>for each column the block's scale as f16, and its minimum in the types that have one, both
 *       times {@link ReducedPrecision#F16_SCALE};
 *   <li>in K-quants four words of each column with the groups' factors: of group / 2 bits a group,
 *       the minimum's in the upper half of them;
 *   <li>for each 32 steps over k the codes. Their lower bits are in words of {@link #low} bits a
 *       step, first to last; their upper bits follow, in words of {@link #high} bits a step.
 * </ul>
 *
 * <p>So all types are read in the same way, and take as many bytes as in the file, with two
 * exceptions: the 6-bit factors of Q4_K and Q5_K take 8 bits, which makes these 3% and 2% larger,
 * and the codes of Q3_K take 4 bits, which makes it 33% larger.
 *
 * @param type the blocks' type
 * @param width columns
 */
public record QuantizedPanel(DType type, int width) {
  /** Steps over k whose codes are together. */
  public static final int CHUNK = 32;

  /** Words of a column that hold a K-quant's factors. */
  static final int FACTOR_WORDS = 4;

  /** Scales must be smaller in magnitude: lifted, they fit into an f16. */
  private static final float MAX_SCALE = 1024 - 0.25f;

  /** Lower bits of a code. */
  int low() {
    return type.bits() == 2 ? 2 : 4;
  }

  /** Upper bits of a code. */
  int high() {
    return Math.max(0, type.bits() - 4);
  }

  /**
   * The codes' center: kernels subtract it so that the products of a group with 4 bits of the codes
   * fit into 16 bits.
   */
  int center() {
    return (low() == 4 ? 8 : 0) + (high() == 4 ? 8 << 4 : 0);
  }

  /** What kernels subtract from codes beside {@link #center}. */
  int offset() {
    return type.offset() - center();
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
    return 4L * (low() + high()) * width;
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
    for (int b = 0; b < w.columns() / type.block(); b++) {
      block.read(w.data(), type.bytes(r * w.rowStride() + (long) b * type.block()));
      store(block, data, panel + b * blockBytes(), c, w.name());
    }
  }

  private void store(QuantizedBlock block, MemorySegment data, long at, int c, String name) {
    short scale = lifted(block.scale(), name);
    if (type.hasMinimum()) {
      int pair = scale & 0xFFFF | lifted(block.minimum(), name) << 16;
      data.set(ValueLayout.JAVA_INT, at + 4L * c, pair);
    } else {
      data.set(ValueLayout.JAVA_SHORT, at + 2L * c, scale);
    }
    int bits = factorBits();
    for (int i = 0; bits > 0 && i < FACTOR_WORDS; i++) {
      int word = 0;
      for (int shift = 0; shift < 32; shift += bits) {
        int g = (32 * i + shift) / bits;
        int factors =
            type.hasMinimum()
                ? block.scaleFactor(g) | block.minimumFactor(g) << bits / 2
                : block.scaleFactor(g) & 0xFF;
        word |= factors << shift;
      }
      data.set(ValueLayout.JAVA_INT, at + scaleBytes() + 4L * (i * width + c), word);
    }
    long codes = at + headerBytes() + 4L * c;
    for (int e = 0; e < type.block(); e += CHUNK) {
      words(block, e, 0, low(), data, codes);
      words(block, e, low(), high(), data, codes + 4L * low() * width);
      codes += chunkBytes();
    }
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

  /** Stores bits [shift, shift + bits) of the codes of a chunk. */
  private void words(
      QuantizedBlock block, int first, int shift, int bits, MemorySegment data, long at) {
    int mask = (1 << bits) - 1;
    int e = first;
    for (int i = 0; i < bits; i++) {
      int word = 0;
      for (int j = 0; j < 32; j += bits) {
        word |= (block.code(e++) >> shift & mask) << j;
      }
      data.set(ValueLayout.JAVA_INT, at + 4L * i * width, word);
    }
  }

  /** The k weights of column c of the panel at byte {@code panel}, as floats. */
  public void column(MemorySegment data, long panel, int c, int k, float[] out, int outAt) {
    Group group = new Group();
    for (int e = 0; e < k; e += type.group()) {
      group.read(data, panel, c, e);
      for (int i = 0; i < type.group(); i++) {
        out[outAt + e + i] = Math.fma(group.codes[i], group.scale, group.minimum);
      }
    }
  }

  /** {@link CpuKernels#quantizedMatmul} of one row and the first columns of one panel. */
  void multiply(
      PlaneRows x, int row, MemorySegment data, long panel, int columns, float[] out, int outAt) {
    Group group = new Group();
    for (int c = 0; c < columns; c++) {
      float sum = 0;
      for (int e = 0; e < x.k(); e += type.group()) {
        group.read(data, panel, c, e);
        int products = 0;
        for (int i = 0; i < type.group(); i++) {
          products += (group.codes[i] - type.offset()) * x.value(row, e + i);
        }
        sum = Math.fma(products, group.scale * x.scale(row, e / CHUNK), sum);
        if (type.hasMinimum()) {
          sum = Math.fma(x.sum(row, e / type.group()), group.minimum, sum);
        }
      }
      out[outAt + c] = sum;
    }
  }

  /** Codes, scale and minimum of a column's group: a weight is code · scale + minimum. */
  private final class Group {
    final int[] codes = new int[type.group()];
    float scale;
    float minimum;

    void read(MemorySegment data, long panel, int c, int first) {
      long block = panel + first / type.block() * blockBytes();
      int inBlock = first % type.block();
      int factors = factors(data, block, c, inBlock / type.group());
      if (type.hasMinimum()) {
        int pair = data.get(ValueLayout.JAVA_INT, block + 4L * c);
        int half = factorBits() / 2;
        int mask = (1 << half) - 1;
        scale = ReducedPrecision.fromF16((short) pair) * (half == 0 ? 1 : factors & mask);
        minimum =
            ReducedPrecision.fromF16((short) (pair >> 16))
                * (half == 0 ? 1 : factors >> half & mask);
      } else {
        scale = ReducedPrecision.fromF16(data.get(ValueLayout.JAVA_SHORT, block + 2L * c));
        scale *= factorBits() == 0 ? 1 : (byte) factors;
        minimum = scale * -type.offset();
      }
      long words = block + headerBytes() + inBlock / CHUNK * chunkBytes() + 4L * c;
      for (int i = 0; i < type.group(); i++) {
        int step = inBlock % CHUNK + i;
        codes[i] = bits(data, words, step, low());
        if (high() > 0) {
          codes[i] |= bits(data, words + 4L * low() * width, step, high()) << low();
        }
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

  private int bits(MemorySegment data, long words, int step, int bits) {
    int at = bits * step;
    int word = data.get(ValueLayout.JAVA_INT, words + 4L * (at / 32) * width);
    return word >>> at % 32 & (1 << bits) - 1;
  }
}
