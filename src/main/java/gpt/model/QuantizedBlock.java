package gpt.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Dequantizes a block of one of ggml's quantized types, with the same float operations as gguf-py,
 * so that the values have the same bits. A type Qn_0 has n-bit integers and a scale, Qn_1 also a
 * minimum, for 32 elements. A K-quant, Qn_K, has 256 elements in sub-blocks of 16 or 32, whose
 * scales are integers themselves.
 *
 * <p>Names: {@code d} scale, {@code m} minimum, {@code q} an element's integer, {@code e} its
 * index. Source: ggml-quants.c of llama.cpp and {@code gguf/quants.py}.
 */
final class QuantizedBlock {
  private static final ValueLayout.OfShort F16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Adding it changes no value, not even −0. */
  private static final float NO_MINIMUM = -0.0f;

  private QuantizedBlock() {}

  /**
   * Dequantizes the block at byte {@code at}.
   *
   * @param type a type with blocks
   * @param out receives {@code type.block()} elements
   */
  static void dequantize(DType type, MemorySegment data, long at, float[] out) {
    switch (type) {
      case Q4_0 -> fourBits(data, at + 2, f16(data, at), -8, NO_MINIMUM, out);
      case Q4_1 -> fourBits(data, at + 4, f16(data, at), 0, f16(data, at + 2), out);
      case Q5_0 -> fiveBits(data, at + 2, f16(data, at), -16, NO_MINIMUM, out);
      case Q5_1 -> fiveBits(data, at + 4, f16(data, at), 0, f16(data, at + 2), out);
      case Q8_0 -> {
        float d = f16(data, at);
        for (int e = 0; e < 32; e++) {
          out[e] = d * data.get(ValueLayout.JAVA_BYTE, at + 2 + e);
        }
      }
      case Q2_K -> q2k(data, at, out);
      case Q3_K -> q3k(data, at, out);
      case Q4_K -> q4k(data, at, out);
      case Q5_K -> q5k(data, at, out);
      case Q6_K -> q6k(data, at, out);
      case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no blocks");
    }
  }

  private static float f16(MemorySegment data, long at) {
    return Float.float16ToFloat(data.get(F16, at));
  }

  private static int u8(MemorySegment data, long at) {
    return data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  /** Bytes of two elements: e in the low half, e + 16 in the high half. */
  private static void fourBits(
      MemorySegment data, long qs, float d, int offset, float m, float[] out) {
    for (int e = 0; e < 16; e++) {
      int pair = u8(data, qs + e);
      out[e] = d * ((pair & 15) + offset) + m;
      out[e + 16] = d * ((pair >> 4) + offset) + m;
    }
  }

  /** The fifth bits of all elements, then bytes as {@link #fourBits}. */
  private static void fiveBits(
      MemorySegment data, long at, float d, int offset, float m, float[] out) {
    int high = data.get(I32, at);
    for (int e = 0; e < 16; e++) {
      int pair = u8(data, at + 4 + e);
      out[e] = d * (((pair & 15) | (high >>> e & 1) << 4) + offset) + m;
      out[e + 16] = d * (((pair >> 4) | (high >>> e + 16 & 1) << 4) + offset) + m;
    }
  }

  /** Two bits of element e, in types with four elements a byte. */
  private static int twoBits(MemorySegment data, long qs, int e) {
    return u8(data, qs + e / 128 * 32 + e % 32) >> e % 128 / 32 * 2 & 3;
  }

  /** 16 bytes (scale, minimum), 64 bytes of elements, d, d of the minima. */
  private static void q2k(MemorySegment data, long at, float[] out) {
    float d = f16(data, at + 80);
    float dMin = f16(data, at + 82);
    for (int e = 0; e < 256; e++) {
      int scale = u8(data, at + e / 16);
      out[e] = d * (scale & 15) * twoBits(data, at + 16, e) - dMin * (scale >> 4);
    }
  }

  /** 32 bytes of third bits, 64 of elements, 12 of scales, d. */
  private static void q3k(MemorySegment data, long at, float[] out) {
    float d = f16(data, at + 108);
    for (int e = 0; e < 256; e++) {
      int i = e / 16;
      int low = u8(data, at + 96 + i % 8) >> i / 8 * 4 & 15;
      int high = u8(data, at + 104 + i % 4) >> i / 4 * 2 & 3;
      int third = u8(data, at + e % 32) >> e / 32 & 1; // 0 subtracts 4
      out[e] = d * ((low | high << 4) - 32) * (twoBits(data, at + 32, e) - 4 * (1 - third));
    }
  }

  /** Six bits of the scale (or the minimum, {@code first} = 4) of sub-block i; see gguf-py. */
  private static int sixBits(MemorySegment data, long scales, int i, int first) {
    int own = u8(data, scales + first + i % 4);
    if (i < 4) {
      return own & 63;
    }
    return u8(data, scales + 8 + i % 4) >> first & 15 | own >> 2 & 48;
  }

  /** d, d of the minima, 12 bytes of scales and minima, 128 bytes of elements. */
  private static void q4k(MemorySegment data, long at, float[] out) {
    for (int i = 0; i < 8; i++) {
      float d = f16(data, at) * sixBits(data, at + 4, i, 0);
      float m = f16(data, at + 2) * sixBits(data, at + 4, i, 4);
      for (int e = 0; e < 32; e++) {
        out[32 * i + e] = d * (u8(data, at + 16 + i / 2 * 32 + e) >> i % 2 * 4 & 15) - m;
      }
    }
  }

  /** As {@link #q4k}, with 32 bytes of fifth bits before the elements. */
  private static void q5k(MemorySegment data, long at, float[] out) {
    for (int i = 0; i < 8; i++) {
      float d = f16(data, at) * sixBits(data, at + 4, i, 0);
      float m = f16(data, at + 2) * sixBits(data, at + 4, i, 4);
      for (int e = 0; e < 32; e++) {
        int low = u8(data, at + 48 + i / 2 * 32 + e) >> i % 2 * 4 & 15;
        out[32 * i + e] = d * (low | (u8(data, at + 16 + e) >> i & 1) << 4) - m;
      }
    }
  }

  /** 128 bytes of low halves, 64 of two high bits each, 16 signed scales, d. */
  private static void q6k(MemorySegment data, long at, float[] out) {
    float d = f16(data, at + 208);
    for (int e = 0; e < 256; e++) {
      float scale = d * data.get(ValueLayout.JAVA_BYTE, at + 192 + e / 16);
      int low = u8(data, at + e / 128 * 64 + e % 64) >> e % 128 / 64 * 4 & 15;
      out[e] = scale * ((low | twoBits(data, at + 128, e) << 4) - 32);
    }
  }
}
