package gpt.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Random;

/** Seeded random matrices of quantized types: any codes and factors, with scales of a size. */
public final class RandomBlocks {
  private static final ValueLayout.OfShort F16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private RandomBlocks() {}

  /**
   * A matrix of random blocks.
   *
   * @param scale standard deviation of the weights, about
   */
  public static Tensor matrix(String name, DType type, int n, int k, float scale, Random random) {
    byte[] bytes = new byte[Math.toIntExact(type.bytes((long) n * k))];
    random.nextBytes(bytes);
    MemorySegment data = MemorySegment.ofArray(bytes);
    int blockBytes = (int) type.bytes(type.block());
    float largest = (1 << type.bits()) * (type.block() == 32 ? 0.4f : type.bits() == 2 ? 4 : 16);
    for (int at = 0; at < bytes.length; at += blockBytes) {
      float d = scale / largest * (float) random.nextGaussian();
      data.set(F16, at + scaleAt(type), Float.floatToFloat16(d));
      if (type.hasMinimum()) {
        float m = scale / (type.block() == 32 ? 1 : 30) * (float) random.nextGaussian();
        data.set(F16, at + scaleAt(type) + 2, Float.floatToFloat16(m));
      }
    }
    return Tensor.matrix(name, type, n, k, data);
  }

  private static int scaleAt(DType type) {
    return switch (type) {
      case Q2_K -> 80;
      case Q3_K -> 108;
      case Q6_K -> 208;
      default -> 0;
    };
  }
}
