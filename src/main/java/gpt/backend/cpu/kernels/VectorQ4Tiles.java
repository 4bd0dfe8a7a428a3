package gpt.backend.cpu.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link CpuKernels#q4Matmul} of several rows. A part of a panel is unpacked to floats, which all
 * rows use while it is in the cache. These floats are integers from −8 to 7 and x's are from −127
 * to 127, so FMAs compute the sum of a block's products exactly: the integer that {@link VectorQ4}
 * computes for one row. Multiplying in 16-bit lanes would not be faster: that takes a
 * multiplication and an addition for what one FMA does in half as many lanes.
 *
 * <p>As in {@link VectorTiles} a tile has 4 or 5 rows × 1 panel, and accumulators: {@code out} is
 * read and written once per block.
 */
final class VectorQ4Tiles {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
  private static final int L = S.length(); // lanes: floats of a vector
  private static final VectorSpecies<Integer> I =
      VectorSpecies.of(int.class, VectorShape.forBitSize(S.vectorBitSize()));
  private static final VectorSpecies<Short> HALF =
      VectorSpecies.of(short.class, VectorShape.forBitSize(S.vectorBitSize() / 2));
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  private static final int WIDTH = VectorMatmul.WIDTH;
  private static final int BLOCK = Q4Panel.BLOCK;
  private static final int STEPS = Q4Panel.STEPS;

  /** Bytes of a panel's block. */
  private static final long BLOCK_BYTES = Q4Panel.scaleBytes(WIDTH) + 4L * WIDTH * (BLOCK / STEPS);

  /** Blocks of a panel that are unpacked together: they stay in the L2 cache. */
  private static final int MAX_BLOCKS = VectorMatmul.DEPTH / BLOCK;

  private static final int MAX_ROWS = 5;

  private final float[] weights = new float[MAX_BLOCKS * BLOCK * WIDTH];
  private final float[] weightScales = new float[MAX_BLOCKS * WIDTH];
  private float[] partial = {}; // (rows, WIDTH): the columns of a partial panel

  /** {@link CpuKernels#q4Matmul} of 2 or more rows. */
  void matmul(
      QuantizedRows x,
      int from,
      int rows,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int columns,
      float[] out,
      int outAt,
      int outStride) {
    for (int n = 0; n < columns; n += WIDTH) {
      long panel = wAt + n / WIDTH * panelBytes;
      if (columns - n >= WIDTH) {
        panel(x, from, rows, w, panel, out, outAt + n, outStride);
        continue;
      }
      if (partial.length < rows * WIDTH) {
        partial = new float[rows * WIDTH];
      }
      panel(x, from, rows, w, panel, partial, 0, WIDTH);
      for (int m = 0; m < rows; m++) {
        System.arraycopy(partial, m * WIDTH, out, outAt + m * outStride + n, columns - n);
      }
    }
  }

  /** One whole panel. */
  private void panel(
      QuantizedRows x,
      int from,
      int rows,
      MemorySegment w,
      long wAt,
      float[] out,
      int outAt,
      int outStride) {
    for (int m = 0; m < rows; m++) {
      int o = outAt + m * outStride;
      Arrays.fill(out, o, o + WIDTH, 0);
    }
    for (int block = 0; block < x.blocks(); block += MAX_BLOCKS) {
      int blocks = Math.min(MAX_BLOCKS, x.blocks() - block);
      unpack(w, wAt + block * BLOCK_BYTES, blocks);
      int m = 0;
      while (m < rows) {
        int tile = Math.ceilDiv(rows - m, Math.ceilDiv(rows - m, MAX_ROWS));
        if (tile == MAX_ROWS) {
          fiveRows(x, from + m, block, blocks, out, outAt + m * outStride, outStride);
        } else {
          upToFourRows(x, from + m, tile, block, blocks, out, outAt + m * outStride, outStride);
        }
        m += tile;
      }
    }
  }

  /**
   * Unpacks blocks from byte {@code wAt} on; the scales remain shifted f16. A weight's 4 bits q at
   * bit p of a word become the low bits of a float's mantissa: under the exponent of 2²³⁻ᵖ that
   * float is 2²³⁻ᵖ + q. A shift and a conversion for each took longer: these run on fewer ports.
   */
  private void unpack(MemorySegment w, long wAt, int blocks) {
    float[] weights = this.weights;
    long at = wAt;
    int to = 0;
    for (int b = 0; b < blocks; b++) {
      for (int i = 0; i < WIDTH; i += L) {
        ((IntVector)
                ShortVector.fromMemorySegment(HALF, w, at, ORDER)
                    .convertShape(VectorOperators.S2I, I, 0))
            .lanewise(VectorOperators.LSHL, 13)
            .and(VectorReducedPrecision.F16_BITS)
            .reinterpretAsFloats()
            .intoArray(weightScales, b * WIDTH + i);
        at += 2L * L;
      }
      for (int i = 0; i < BLOCK / STEPS * WIDTH; i += L) {
        IntVector v = IntVector.fromMemorySegment(I, w, at, ORDER);
        at += 4L * L;
        int o = to + i / WIDTH * STEPS * WIDTH + i % WIDTH;
        v.and(0xF).or(0x4B000000).reinterpretAsFloats().sub(0x1p23f + 8).intoArray(weights, o);
        v.and(0xF0)
            .or(0x49000000)
            .reinterpretAsFloats()
            .sub(0x1p19f + 8)
            .intoArray(weights, o + WIDTH);
        v.and(0xF00)
            .or(0x47000000)
            .reinterpretAsFloats()
            .sub(0x1p15f + 8)
            .intoArray(weights, o + 2 * WIDTH);
        v.and(0xF000)
            .or(0x45000000)
            .reinterpretAsFloats()
            .sub(0x1p11f + 8)
            .intoArray(weights, o + 3 * WIDTH);
        v = v.lanewise(VectorOperators.LSHR, 16);
        v.and(0xF)
            .or(0x4B000000)
            .reinterpretAsFloats()
            .sub(0x1p23f + 8)
            .intoArray(weights, o + 4 * WIDTH);
        v.and(0xF0)
            .or(0x49000000)
            .reinterpretAsFloats()
            .sub(0x1p19f + 8)
            .intoArray(weights, o + 5 * WIDTH);
        v.and(0xF00)
            .or(0x47000000)
            .reinterpretAsFloats()
            .sub(0x1p15f + 8)
            .intoArray(weights, o + 6 * WIDTH);
        v.and(0xF000)
            .or(0x45000000)
            .reinterpretAsFloats()
            .sub(0x1p11f + 8)
            .intoArray(weights, o + 7 * WIDTH);
      }
      to += BLOCK * WIDTH;
    }
  }

  /**
   * Micro-kernel, 4 rows × 1 panel: 8 accumulators. With fewer {@code rows}, at least 2, the last
   * one is computed and stored several times.
   */
  private void upToFourRows(
      QuantizedRows x,
      int row,
      int rows,
      int block,
      int blocks,
      float[] out,
      int outAt,
      int outStride) {
    float[] w = weights;
    float[] ws = weightScales;
    float[] values = x.integers();
    float[] scales = x.scales();
    int rb = 1;
    int rc = rows > 2 ? 2 : 1;
    int rd = rows > 3 ? 3 : rc;
    int ob = outAt + rb * outStride;
    int oc = outAt + rc * outStride;
    int od = outAt + rd * outStride;
    int sa = row * x.blocks() + block;
    int sb = sa + rb * x.blocks();
    int sc = sa + rc * x.blocks();
    int sd = sa + rd * x.blocks();
    int xa = sa * BLOCK;
    int xb = sb * BLOCK;
    int xc = sc * BLOCK;
    int xd = sd * BLOCK;
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    int at = 0;
    int steps = blocks * BLOCK;
    for (int i = 0; i < steps; i++) {
      FloatVector w0 = FloatVector.fromArray(S, w, i * WIDTH);
      FloatVector w1 = FloatVector.fromArray(S, w, i * WIDTH + L);
      FloatVector v = FloatVector.broadcast(S, values[xa + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, values[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = FloatVector.broadcast(S, values[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = FloatVector.broadcast(S, values[xd + i]);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
      if ((i & BLOCK - 1) == BLOCK - 1) {
        FloatVector s0 = FloatVector.fromArray(S, ws, at);
        FloatVector s1 = FloatVector.fromArray(S, ws, at + L);
        float f = scales[sa++] * VectorReducedPrecision.F16_FACTOR;
        a0 = a0.fma(s0.mul(f), FloatVector.fromArray(S, out, outAt));
        a1 = a1.fma(s1.mul(f), FloatVector.fromArray(S, out, outAt + L));
        f = scales[sb++] * VectorReducedPrecision.F16_FACTOR;
        b0 = b0.fma(s0.mul(f), FloatVector.fromArray(S, out, ob));
        b1 = b1.fma(s1.mul(f), FloatVector.fromArray(S, out, ob + L));
        f = scales[sc++] * VectorReducedPrecision.F16_FACTOR;
        c0 = c0.fma(s0.mul(f), FloatVector.fromArray(S, out, oc));
        c1 = c1.fma(s1.mul(f), FloatVector.fromArray(S, out, oc + L));
        f = scales[sd++] * VectorReducedPrecision.F16_FACTOR;
        d0 = d0.fma(s0.mul(f), FloatVector.fromArray(S, out, od));
        d1 = d1.fma(s1.mul(f), FloatVector.fromArray(S, out, od + L));
        a0.intoArray(out, outAt);
        a1.intoArray(out, outAt + L);
        b0.intoArray(out, ob);
        b1.intoArray(out, ob + L);
        c0.intoArray(out, oc);
        c1.intoArray(out, oc + L);
        d0.intoArray(out, od);
        d1.intoArray(out, od + L);
        a0 = FloatVector.zero(S);
        a1 = FloatVector.zero(S);
        b0 = FloatVector.zero(S);
        b1 = FloatVector.zero(S);
        c0 = FloatVector.zero(S);
        c1 = FloatVector.zero(S);
        d0 = FloatVector.zero(S);
        d1 = FloatVector.zero(S);
        at += WIDTH;
      }
    }
  }

  /** Micro-kernel, 5 rows × 1 panel: 10 accumulators. */
  private void fiveRows(
      QuantizedRows x, int row, int block, int blocks, float[] out, int outAt, int outStride) {
    float[] w = weights;
    float[] ws = weightScales;
    float[] values = x.integers();
    float[] scales = x.scales();
    int ob = outAt + outStride;
    int oc = ob + outStride;
    int od = oc + outStride;
    int oe = od + outStride;
    int sa = row * x.blocks() + block;
    int sb = sa + x.blocks();
    int sc = sb + x.blocks();
    int sd = sc + x.blocks();
    int se = sd + x.blocks();
    int xa = sa * BLOCK;
    int xb = sb * BLOCK;
    int xc = sc * BLOCK;
    int xd = sd * BLOCK;
    int xe = se * BLOCK;
    FloatVector a0 = FloatVector.zero(S);
    FloatVector a1 = FloatVector.zero(S);
    FloatVector b0 = FloatVector.zero(S);
    FloatVector b1 = FloatVector.zero(S);
    FloatVector c0 = FloatVector.zero(S);
    FloatVector c1 = FloatVector.zero(S);
    FloatVector d0 = FloatVector.zero(S);
    FloatVector d1 = FloatVector.zero(S);
    FloatVector e0 = FloatVector.zero(S);
    FloatVector e1 = FloatVector.zero(S);
    int at = 0;
    int steps = blocks * BLOCK;
    for (int i = 0; i < steps; i++) {
      FloatVector w0 = FloatVector.fromArray(S, w, i * WIDTH);
      FloatVector w1 = FloatVector.fromArray(S, w, i * WIDTH + L);
      FloatVector v = FloatVector.broadcast(S, values[xa + i]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = FloatVector.broadcast(S, values[xb + i]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = FloatVector.broadcast(S, values[xc + i]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = FloatVector.broadcast(S, values[xd + i]);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
      v = FloatVector.broadcast(S, values[xe + i]);
      e0 = w0.fma(v, e0);
      e1 = w1.fma(v, e1);
      if ((i & BLOCK - 1) == BLOCK - 1) {
        FloatVector s0 = FloatVector.fromArray(S, ws, at);
        FloatVector s1 = FloatVector.fromArray(S, ws, at + L);
        float f = scales[sa++] * VectorReducedPrecision.F16_FACTOR;
        a0 = a0.fma(s0.mul(f), FloatVector.fromArray(S, out, outAt));
        a1 = a1.fma(s1.mul(f), FloatVector.fromArray(S, out, outAt + L));
        f = scales[sb++] * VectorReducedPrecision.F16_FACTOR;
        b0 = b0.fma(s0.mul(f), FloatVector.fromArray(S, out, ob));
        b1 = b1.fma(s1.mul(f), FloatVector.fromArray(S, out, ob + L));
        f = scales[sc++] * VectorReducedPrecision.F16_FACTOR;
        c0 = c0.fma(s0.mul(f), FloatVector.fromArray(S, out, oc));
        c1 = c1.fma(s1.mul(f), FloatVector.fromArray(S, out, oc + L));
        f = scales[sd++] * VectorReducedPrecision.F16_FACTOR;
        d0 = d0.fma(s0.mul(f), FloatVector.fromArray(S, out, od));
        d1 = d1.fma(s1.mul(f), FloatVector.fromArray(S, out, od + L));
        f = scales[se++] * VectorReducedPrecision.F16_FACTOR;
        e0 = e0.fma(s0.mul(f), FloatVector.fromArray(S, out, oe));
        e1 = e1.fma(s1.mul(f), FloatVector.fromArray(S, out, oe + L));
        a0.intoArray(out, outAt);
        a1.intoArray(out, outAt + L);
        b0.intoArray(out, ob);
        b1.intoArray(out, ob + L);
        c0.intoArray(out, oc);
        c1.intoArray(out, oc + L);
        d0.intoArray(out, od);
        d1.intoArray(out, od + L);
        e0.intoArray(out, oe);
        e1.intoArray(out, oe + L);
        a0 = FloatVector.zero(S);
        a1 = FloatVector.zero(S);
        b0 = FloatVector.zero(S);
        b1 = FloatVector.zero(S);
        c0 = FloatVector.zero(S);
        c1 = FloatVector.zero(S);
        d0 = FloatVector.zero(S);
        d1 = FloatVector.zero(S);
        e0 = FloatVector.zero(S);
        e1 = FloatVector.zero(S);
        at += WIDTH;
      }
    }
  }
}
