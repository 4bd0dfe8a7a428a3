package gpt.backend.cpu.kernels;

import gpt.model.Bf16;
import gpt.model.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Unpacks a part of a panel to floats: weights that products use as they are, or the codes of
 * quantized blocks, without their offset, and the groups' scales and minima. It belongs to one
 * thread. A part is copied to the heap first: interpreted and barely compiled code reads an array a
 * hundred times as fast as a memory segment.
 */
final class ScalarUnpacking {
  private static final int CHUNK = CodeLayout.CHUNK;

  private final int width;
  private final float[] weights; // (step, column)
  private final float[] scales; // (group, column)
  private final float[] minima; // (group, column)
  private final int[] words;

  /**
   * Room for a part.
   *
   * @param width columns of a panel
   * @param steps over k, a multiple of all blocks
   */
  ScalarUnpacking(int width, int steps) {
    this.width = width;
    weights = new float[steps * width];
    scales = new float[steps / 16 * width];
    minima = new float[steps / 16 * width];
    words = new int[steps * width / 2];
  }

  /** The unpacked weights or codes (step, column). */
  float[] weights() {
    return weights;
  }

  /** Scales of quantized weights (group, column). */
  float[] scales() {
    return scales;
  }

  /** Minima of quantized weights (group, column), in the types that have them. */
  float[] minima() {
    return minima;
  }

  /** Unpacks {@code steps} steps from byte {@code at} on, without the scales of i8. */
  void unpack(Precision precision, MemorySegment w, long at, int steps) {
    int count = steps * width;
    switch (precision) {
      case F32 -> MemorySegment.copy(w, ValueLayout.JAVA_FLOAT, at, weights, 0, count);
      case BF16 -> {
        MemorySegment.copy(w, ValueLayout.JAVA_INT, at, words, 0, count / 2);
        bf16(count);
      }
      case F16 -> {
        MemorySegment.copy(w, ValueLayout.JAVA_INT, at, words, 0, count / 2);
        f16(count);
      }
      case I8 -> {
        MemorySegment.copy(w, ValueLayout.JAVA_INT, at, words, 0, count / 4);
        i8(count);
      }
      case Q4, STORED -> throw new IllegalArgumentException(precision.word() + " is not widened");
    }
  }

  /**
   * Each word has a column of the panel's first half and one of its second half. One loop for all
   * steps: C2 does not unroll one for each, which are short.
   */
  private void bf16(int count) {
    int half = width / 2;
    for (int i = 0; i < count / 2; i++) {
      int to = 2 * i - (i & half - 1);
      weights[to] = Bf16.toFloat((short) words[i]);
      weights[to + half] = Bf16.toFloat((short) (words[i] >> 16));
    }
  }

  private void f16(int count) {
    int half = width / 2;
    for (int i = 0; i < count / 2; i++) {
      int to = 2 * i - (i & half - 1);
      weights[to] = ReducedPrecision.fromF16((short) words[i]);
      weights[to + half] = ReducedPrecision.fromF16((short) (words[i] >> 16));
    }
  }

  private void i8(int count) {
    for (int i = 0; i < count; i += 4) {
      int word = words[i / 4];
      weights[i] = (byte) word;
      weights[i + 1] = (byte) (word >> 8);
      weights[i + 2] = (byte) (word >> 16);
      weights[i + 3] = word >> 24;
    }
  }

  /** Unpacks {@code steps} steps of quantized blocks, a multiple of a block. */
  void unpack(QuantizedPanel form, MemorySegment w, long at, int steps) {
    int block = form.type().block();
    int chunkWords = form.layout().words() * width;
    int offset = form.type().offset();
    for (int e = 0; e < steps; e += block) {
      long from = at + form.bytes(e);
      scales(form, w, from, e / form.type().group() * width);
      for (int i = 0; i < block; i += CHUNK) {
        long codes = from + form.headerBytes() + i / CHUNK * form.chunkBytes();
        MemorySegment.copy(w, ValueLayout.JAVA_INT, codes, words, 0, chunkWords);
        for (CodeLayout.Field field : form.layout().fields()) {
          if (field.shift() == 0) {
            setField(field, (e + i) * width, offset);
          } else {
            addField(field, (e + i) * width);
          }
        }
      }
    }
  }

  /**
   * Stores a field with the lowest bits of a code, for each column of the chunk at index {@code
   * from}. A layout has it before the code's other bits.
   */
  private void setField(CodeLayout.Field field, int from, int offset) {
    int first = field.word() * width;
    int to = from + field.code() * width;
    int position = field.position();
    int mask = (1 << field.bits()) - 1;
    for (int c = 0; c < width; c++) {
      weights[to + c] = (words[first + c] >>> position & mask) - offset;
    }
  }

  /** Adds a field with other bits. */
  private void addField(CodeLayout.Field field, int from) {
    int first = field.word() * width;
    int to = from + field.code() * width;
    int position = field.position();
    int mask = (1 << field.bits()) - 1;
    int shift = field.shift();
    for (int c = 0; c < width; c++) {
      weights[to + c] += (words[first + c] >>> position & mask) << shift;
    }
  }

  /** Unpacks the scales and minima of a block's groups. */
  private void scales(QuantizedPanel form, MemorySegment w, long block, int to) {
    boolean minimum = form.type().hasMinimum();
    int groups = form.type().block() / form.type().group();
    int bits = form.factorBits();
    MemorySegment.copy(
        w, ValueLayout.JAVA_INT, block, words, 0, (int) form.scaleBytes() / Integer.BYTES);
    for (int c = 0; c < width; c++) {
      int word = minimum ? words[c] : words[c / 2] >> 16 * (c % 2);
      float scale = ReducedPrecision.fromF16((short) word);
      float least = minimum ? ReducedPrecision.fromF16((short) (word >> 16)) : 0;
      for (int g = 0; g < groups; g++) {
        scales[to + g * width + c] = scale;
        minima[to + g * width + c] = least;
      }
    }
    if (bits == 0) {
      return;
    }
    long from = block + form.scaleBytes();
    int count = QuantizedPanel.FACTOR_WORDS * width;
    MemorySegment.copy(w, ValueLayout.JAVA_INT, from, words, 0, count);
    int mask = (1 << bits / 2) - 1;
    for (int g = 0; g < groups; g++) {
      int first = bits * g / 32 * width;
      int shift = bits * g % 32;
      for (int c = 0; c < width; c++) {
        int factors = words[first + c] >> shift;
        scales[to + g * width + c] *= minimum ? factors & mask : (byte) factors;
        minima[to + g * width + c] *= factors >> bits / 2 & mask;
      }
    }
  }
}
