package gpt.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A block of one of ggml's quantized types, unpacked. A type Qn_0 has n-bit integers and a scale,
 * Qn_1 also a minimum, for 32 elements. A K-quant, Qn_K, has 256 elements in groups of 16 or 32,
 * whose scales and minima are integers themselves, factors of the block's. In all of them
 *
 * <p>element = scale · factor of the group · (code − offset) + minimum · factor of the group
 *
 * <p>in float32, where only the sum is rounded: the products have at most 24 bits. So the values
 * have the same bits as gguf-py's, and a kernel may compute them with a fused multiply-add.
 *
 * <p>Source: ggml-quants.c of llama.cpp and {@code gguf/quants.py}. The letter {@code e} is an
 * element's index, {@code g} a group's, and {@code i} that of eight elements, whose codes are the
 * bytes of a long.
 */
public final class QuantizedBlock {
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** A bit of each byte of a long. */
  private static final long BYTES = 0x0101010101010101L;

  /** Adding it changes no value, not even −0. */
  private static final float NO_MINIMUM = -0.0f;

  private static final int F16_SIGN = 0x8000;

  private final DType type;
  private final long[] codes; // eight in a long, the first in the lowest byte
  private final int[] scales;
  private final int[] minima;
  private short scale;
  private short minimum;

  /** An empty block of a type. */
  public QuantizedBlock(DType type) {
    if (!type.quantized()) {
      throw new IllegalArgumentException(type + " has no blocks");
    }
    this.type = type;
    codes = new long[type.block() / 8];
    scales = new int[type.block() / type.group()];
    minima = new int[scales.length];
    Arrays.fill(scales, 1); // of the types without factors
    Arrays.fill(minima, 1);
  }

  /** The integer of element e, from 0 on. */
  public int code(int e) {
    return (int) (codes[e / 8] >>> e % 8 * 8) & 0xFF;
  }

  /** The integers of elements 8i to 8i + 7, a byte each, the first one lowest. */
  public long codes(int i) {
    return codes[i];
  }

  /** The block's scale, as an f16. */
  public short scale() {
    return scale;
  }

  /** What is added to the block's elements, as an f16; negative in K-quants. */
  public short minimum() {
    return minimum;
  }

  /** The factor of group g's scale; 1 in the types without. */
  public int scaleFactor(int g) {
    return scales[g];
  }

  /** The factor of group g's minimum; 1 in the types without. */
  public int minimumFactor(int g) {
    return minima[g];
  }

  /** The elements as floats. */
  void dequantize(float[] out) {
    float d = Float.float16ToFloat(scale);
    float m = Float.float16ToFloat(minimum);
    for (int e = 0; e < type.block(); e++) {
      int g = e / type.group();
      float shift = type.hasMinimum() ? m * minima[g] : NO_MINIMUM;
      out[e] = d * scales[g] * (code(e) - type.offset()) + shift;
    }
  }

  /** Reads the block at byte {@code at}. */
  public void read(MemorySegment data, long at) {
    scale = data.get(I16, at);
    switch (type) {
      case Q4_0 -> fourBits(data, at + 2);
      case Q4_1 -> {
        minimum = data.get(I16, at + 2);
        fourBits(data, at + 4);
      }
      case Q5_0 -> fiveBits(data, at + 2);
      case Q5_1 -> {
        minimum = data.get(I16, at + 2);
        fiveBits(data, at + 4);
      }
      case Q8_0 -> {
        for (int i = 0; i < codes.length; i++) { // adds the offset to signed bytes
          codes[i] = data.get(I64, at + 2 + 8 * i) ^ BYTES * type.offset();
        }
      }
      case Q2_K -> q2k(data, at);
      case Q3_K -> q3k(data, at);
      case Q4_K -> {
        sixBitFactors(data, at);
        halfBytes(data, at + 16);
      }
      case Q5_K -> {
        sixBitFactors(data, at);
        halfBytes(data, at + 48);
        for (int i = 0; i < codes.length; i++) {
          codes[i] |= (data.get(I64, at + 16 + i % 4 * 8) >>> i / 4 & BYTES) << 4;
        }
      }
      case Q6_K -> q6k(data, at);
      case F32, F16, BF16 -> throw new AssertionError();
    }
  }

  private static int u8(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  private static short negated(short f16) {
    return (short) (f16 ^ F16_SIGN);
  }

  /** Bytes of two elements: e in the low half, e + 16 in the high half. */
  private void fourBits(MemorySegment data, long at) {
    for (int i = 0; i < 2; i++) {
      long pairs = data.get(I64, at + 8 * i);
      codes[i] = pairs & BYTES * 15;
      codes[i + 2] = pairs >>> 4 & BYTES * 15;
    }
  }

  /** The fifth bits of all elements, then bytes as {@link #fourBits}. */
  private void fiveBits(MemorySegment data, long at) {
    fourBits(data, at + 4);
    int high = data.get(I32, at);
    for (int i = 0; i < codes.length; i++) {
      codes[i] |= spread(high >>> 8 * i & 0xFF) << 4;
    }
  }

  /** The bits of a byte, each in the lowest bit of a byte of its own. */
  private static long spread(int bits) {
    long each = bits * BYTES & 0x8040201008040201L; // bit i of byte i, or 0
    return each + 127 * BYTES >>> 7 & BYTES;
  }

  /** Four bits of 64 elements in 32 bytes: the first 32 in the low halves. */
  private void halfBytes(MemorySegment data, long at) {
    for (int i = 0; i < codes.length; i++) {
      codes[i] = data.get(I64, at + i / 8 * 32 + i % 4 * 8) >>> i % 8 / 4 * 4 & BYTES * 15;
    }
  }

  /** Two bits of elements 8i to 8i + 7, where four elements share a byte. */
  private static long twoBits(MemorySegment data, long at, int i) {
    return data.get(I64, at + i / 16 * 32 + i % 4 * 8) >>> i % 16 / 4 * 2 & BYTES * 3;
  }

  /** 16 bytes (factors of scale and minimum), 64 bytes of elements, scale, minimum. */
  private void q2k(MemorySegment data, long at) {
    scale = data.get(I16, at + 80);
    minimum = negated(data.get(I16, at + 82));
    for (int g = 0; g < 16; g++) {
      scales[g] = u8(data, at + g) & 15;
      minima[g] = u8(data, at + g) >> 4;
    }
    for (int i = 0; i < codes.length; i++) {
      codes[i] = twoBits(data, at + 16, i);
    }
  }

  /** 32 bytes of third bits, 64 of elements, 12 of factors, scale. */
  private void q3k(MemorySegment data, long at) {
    scale = data.get(I16, at + 108);
    for (int g = 0; g < 16; g++) {
      int low = u8(data, at + 96 + g % 8) >> g / 8 * 4 & 15;
      int high = u8(data, at + 104 + g % 4) >> g / 4 * 2 & 3;
      scales[g] = (low | high << 4) - 32;
    }
    for (int i = 0; i < codes.length; i++) {
      long third = data.get(I64, at + i % 4 * 8) >>> i / 4 & BYTES;
      codes[i] = twoBits(data, at + 32, i) | third << 2;
    }
  }

  /** Of Q4_K and Q5_K: scale, minimum, 12 bytes of factors of six bits. */
  private void sixBitFactors(MemorySegment data, long at) {
    minimum = negated(data.get(I16, at + 2));
    for (int g = 0; g < 8; g++) {
      scales[g] = sixBits(data, at + 4, g, 0);
      minima[g] = sixBits(data, at + 4, g, 4);
    }
  }

  /** The factor of group g's scale ({@code first} = 0) or minimum ({@code first} = 4). */
  private static int sixBits(MemorySegment data, long at, int g, int first) {
    int own = u8(data, at + first + g % 4);
    if (g < 4) {
      return own & 63;
    }
    return u8(data, at + 8 + g % 4) >> first & 15 | own >> 2 & 48;
  }

  /** 128 bytes of low halves, 64 of two high bits each, 16 signed factors, scale. */
  private void q6k(MemorySegment data, long at) {
    scale = data.get(I16, at + 208);
    for (int g = 0; g < 16; g++) {
      scales[g] = data.get(ValueLayout.JAVA_BYTE, at + 192 + g);
    }
    for (int i = 0; i < codes.length; i++) {
      long low = data.get(I64, at + i / 16 * 64 + i % 8 * 8) >>> i % 16 / 8 * 4 & BYTES * 15;
      codes[i] = low | twoBits(data, at + 128, i) << 4;
    }
  }
}
