package gpt.backend.cpu;

import gpt.model.Bf16;
import gpt.model.Precision;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A weight matrix W (N, K) in the order the kernels read it. Its N rows are cut into panels of
 * {@code width}; within a panel the element (k, n) lies at k · width + n, so that one step of the
 * kernel loads neighbouring outputs' weights as whole vectors, needs no horizontal sum, and reads
 * memory front to back. The last panel is filled up with zeros.
 *
 * <p>Values are kept in one of four forms; 8-bit integers have a factor for each of the N rows.
 *
 * @param data ceil(n / width) panels of k · width values
 * @param n outputs
 * @param k inputs
 * @param width panel width of the kernels it was packed for
 * @param precision the form of a value
 * @param scales what the values of a row are multiplied by (n); null where they are themselves
 */
record PackedMatrix(
    MemorySegment data, int n, int k, int width, Precision precision, float[] scales) {

  /** Bytes of one panel. */
  long panelBytes() {
    return (long) precision.bytes() * k * width;
  }

  /** Number of panels. */
  int panels() {
    return panels(n, width);
  }

  /** Panels that n outputs take. */
  static int panels(int n, int width) {
    return (n + width - 1) / width;
  }

  /** Bytes of an (n, k) matrix of floats once packed. */
  static long bytes(int n, int k, int width) {
    return bytes(n, k, width, Precision.F32);
  }

  /** Bytes of an (n, k) matrix once packed. */
  static long bytes(int n, int k, int width, Precision precision) {
    return (long) precision.bytes() * panels(n, width) * k * width;
  }

  /** As floats. */
  static PackedMatrix pack(Tensor w, int width, NativeMemory memory, Workers workers) {
    return pack(w, width, Precision.F32, memory, workers);
  }

  /**
   * Copies a tensor (N, K), stored either way round, into panels of values of some form, rounded to
   * the nearest; all workers take part.
   */
  static PackedMatrix pack(
      Tensor w, int width, Precision precision, NativeMemory memory, Workers workers) {
    int n = w.rows();
    int k = w.columns();
    MemorySegment data = memory.allocateFilled(bytes(n, k, width, precision));
    float[] scales = precision == Precision.I8 ? new float[n] : null;
    PackedMatrix packed = new PackedMatrix(data, n, k, width, precision, scales);
    new Packing(packed, w, workers).run();
    return packed;
  }

  /** Row r of W as it was, K values. */
  void row(int r, float[] out, int at) {
    int bytes = precision.bytes();
    long lane = r / width * panelBytes() + (long) bytes * (r % width);
    for (int i = 0; i < k; i++) {
      long place = lane + (long) bytes * i * width;
      out[at + i] =
          switch (precision) {
            case F32 -> data.get(ValueLayout.JAVA_FLOAT, place);
            case BF16 -> Bf16.toFloat(data.get(ValueLayout.JAVA_SHORT, place));
            case F16 -> Narrow.fromF16(data.get(ValueLayout.JAVA_SHORT, place));
            case I8 -> data.get(ValueLayout.JAVA_BYTE, place) * scales[r];
          };
    }
  }
}
