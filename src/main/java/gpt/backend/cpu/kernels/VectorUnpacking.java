package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Unpacks the codes of a panel to floats, without their offset. The bits q of a code at bit p of a
 * word become the low bits of a float's mantissa: under the exponent of 2²³⁻ᵖ that float is 2²³⁻ᵖ +
 * q. A shift and a conversion for each took longer: these run on fewer ports.
 */
final class VectorUnpacking {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(S.vectorBitSize()));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final int WIDTH = VectorMatmul.WIDTH;
  private static final int CHUNK = QuantizedPanel.CHUNK;

  /** The exponent of a float whose mantissa's lowest bit is 1, as bits. */
  private static final int ONES = Float.floatToRawIntBits(0x1p23f);

  private static final int EXPONENT = 1 << 23;

  /** Bytes of a word of each column. */
  private static final long STEP = 4L * WIDTH;

  private final float[] weights; // (step, column)
  private final Fields[] fields = new Fields[9]; // by the bits of a code

  /** Room for this many steps over k. */
  VectorUnpacking(int steps) {
    weights = new float[steps * WIDTH];
  }

  /** The unpacked codes (step, column). */
  float[] weights() {
    return weights;
  }

  /** Unpacks {@code steps} steps of a panel from byte {@code panel} on. */
  void unpack(QuantizedPanel form, MemorySegment w, long panel, int steps) {
    int bits = form.layout().words();
    int offset = form.type().offset();
    int block = form.type().block();
    if (fields[bits] == null) {
      fields[bits] = new Fields(form.layout());
    }
    for (int i = 0; i < steps; i += CHUNK) {
      long at = panel + form.bytes(i / block * block) + form.headerBytes();
      at += i % block / CHUNK * form.chunkBytes();
      if (bits == 4) {
        fourBits(w, at, i * WIDTH, offset);
      } else {
        fields[bits].first(w, at, weights, i * WIDTH, offset);
        fields[bits].others(w, at, weights, i * WIDTH);
      }
    }
  }

  /** Unpacks a chunk of 4-bit codes. */
  private void fourBits(MemorySegment w, long from, int to, int offset) {
    float[] weights = this.weights;
    FloatVector b0 = FloatVector.broadcast(S, 0x1p23f + offset);
    FloatVector b1 = FloatVector.broadcast(S, 0x1p19f + offset);
    FloatVector b2 = FloatVector.broadcast(S, 0x1p15f + offset);
    FloatVector b3 = FloatVector.broadcast(S, 0x1p11f + offset);
    long at = from;
    for (int i = 0; i < 4 * WIDTH; i += L) {
      IntVector v = IntVector.fromMemorySegment(I, w, at, ORDER);
      at += 4L * L;
      int o = to + i / WIDTH * 8 * WIDTH + i % WIDTH;
      v.and(0xF).or(0x4B000000).reinterpretAsFloats().sub(b0).intoArray(weights, o);
      v.and(0xF0).or(0x49000000).reinterpretAsFloats().sub(b1).intoArray(weights, o + WIDTH);
      v.and(0xF00).or(0x47000000).reinterpretAsFloats().sub(b2).intoArray(weights, o + 2 * WIDTH);
      v.and(0xF000).or(0x45000000).reinterpretAsFloats().sub(b3).intoArray(weights, o + 3 * WIDTH);
      v = v.lanewise(VectorOperators.LSHR, 16);
      v.and(0xF).or(0x4B000000).reinterpretAsFloats().sub(b0).intoArray(weights, o + 4 * WIDTH);
      v.and(0xF0).or(0x49000000).reinterpretAsFloats().sub(b1).intoArray(weights, o + 5 * WIDTH);
      v.and(0xF00).or(0x47000000).reinterpretAsFloats().sub(b2).intoArray(weights, o + 6 * WIDTH);
      v.and(0xF000).or(0x45000000).reinterpretAsFloats().sub(b3).intoArray(weights, o + 7 * WIDTH);
    }
  }

  /** The fields of a layout as numbers for {@link VectorUnpacking}: arrays of (field). */
  private static final class Fields {
    private final int firsts; // fields with the lowest bits of a code, which come first
    private final int[] word;
    private final int[] shift; // 16 in the upper half of a word
    private final int[] mask;
    private final int[] exponent;
    private final float[] bias; // the float of a field of zeros
    private final int[] code;

    Fields(CodeLayout layout) {
      List<CodeLayout.Field> fields =
          Stream.of(layout.fields())
              .sorted((a, b) -> Boolean.compare(a.shift() > 0, b.shift() > 0))
              .toList();
      firsts = (int) fields.stream().filter(f -> f.shift() == 0).count();
      word = fields.stream().mapToInt(CodeLayout.Field::word).toArray();
      shift = fields.stream().mapToInt(f -> f.position() & 16).toArray();
      mask = fields.stream().mapToInt(f -> (1 << f.bits()) - 1 << f.position() % 16).toArray();
      exponent =
          fields.stream()
              .mapToInt(f -> ONES + (f.shift() - f.position() % 16) * EXPONENT)
              .toArray();
      bias = new float[exponent.length];
      for (int f = 0; f < bias.length; f++) {
        bias[f] = Float.intBitsToFloat(exponent[f]);
      }
      code = fields.stream().mapToInt(CodeLayout.Field::code).toArray();
    }

    /** Unpacks the lowest bits of a chunk's codes, which are all of most. */
    void first(MemorySegment w, long at, float[] weights, int to, int offset) {
      for (int f = 0; f < firsts; f++) {
        long from = at + word[f] * STEP;
        int o = to + code[f] * WIDTH;
        FloatVector b = FloatVector.broadcast(S, bias[f] + offset);
        IntVector m = IntVector.broadcast(I, mask[f]);
        IntVector e = IntVector.broadcast(I, exponent[f]);
        IntVector.fromMemorySegment(I, w, from, ORDER)
            .lanewise(VectorOperators.LSHR, shift[f])
            .and(m)
            .or(e)
            .reinterpretAsFloats()
            .sub(b)
            .intoArray(weights, o);
        IntVector.fromMemorySegment(I, w, from + 4L * L, ORDER)
            .lanewise(VectorOperators.LSHR, shift[f])
            .and(m)
            .or(e)
            .reinterpretAsFloats()
            .sub(b)
            .intoArray(weights, o + L);
      }
    }

    /** Adds the other bits. */
    void others(MemorySegment w, long at, float[] weights, int to) {
      for (int f = firsts; f < word.length; f++) {
        long from = at + word[f] * STEP;
        int o = to + code[f] * WIDTH;
        FloatVector b = FloatVector.broadcast(S, bias[f]);
        IntVector m = IntVector.broadcast(I, mask[f]);
        IntVector e = IntVector.broadcast(I, exponent[f]);
        IntVector.fromMemorySegment(I, w, from, ORDER)
            .lanewise(VectorOperators.LSHR, shift[f])
            .and(m)
            .or(e)
            .reinterpretAsFloats()
            .sub(b)
            .add(FloatVector.fromArray(S, weights, o))
            .intoArray(weights, o);
        IntVector.fromMemorySegment(I, w, from + 4L * L, ORDER)
            .lanewise(VectorOperators.LSHR, shift[f])
            .and(m)
            .or(e)
            .reinterpretAsFloats()
            .sub(b)
            .add(FloatVector.fromArray(S, weights, o + L))
            .intoArray(weights, o + L);
      }
    }
  }
}
