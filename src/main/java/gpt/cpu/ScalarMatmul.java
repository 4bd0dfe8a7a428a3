package gpt.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * {@code VectorMatmul} element by element: the same panels, and for every element of the product
 * the same sum in the same order, bit for bit. That order, which the two must share:
 *
 * <ul>
 *   <li>Of M rows the first M − M mod 3: s = fma(w, x, s) from 0, over k in order.
 *   <li>Each row left over: K's four quarters of ⌊K/4⌋ are summed up so, a, b, c and d; what is
 *       left of K goes on with a; the sum is (a + b) + (c + d).
 * </ul>
 */
final class ScalarMatmul {
  /** Columns that are summed up at once, each in a register. */
  private static final int COLUMNS = 8;

  private final int width;

  /** One thread's copy of a panel: an array's elements are cheaper to reach than a segment's. */
  private static final class Room {
    private float[] panel = {};
    private final float[] sums = new float[4 * COLUMNS];
  }

  private final ThreadLocal<Room> rooms = ThreadLocal.withInitial(Room::new);

  /**
   * The product.
   *
   * @param width columns of a panel, a multiple of 8
   */
  ScalarMatmul(int width) {
    this.width = width;
  }

  /** See {@link CpuKernels#matmul}. */
  void matmul(
      float[] x,
      int xAt,
      int xStride,
      int rows,
      MemorySegment w,
      long wAt,
      long panelBytes,
      int k,
      int columns,
      float[] out,
      int outAt,
      int outStride) {
    Room room = rooms.get();
    if (room.panel.length < k * width) {
      room.panel = new float[Math.max(k * width, 2 * room.panel.length)];
    }
    int tiled = rows - rows % 3;
    for (int n = 0; n < columns; n += width) {
      MemorySegment.copy(
          w, ValueLayout.JAVA_FLOAT, wAt + n / width * panelBytes, room.panel, 0, k * width);
      int end = Math.min(n + width, columns);
      for (int c = n; c < end; c += COLUMNS) {
        int count = Math.min(COLUMNS, end - c);
        for (int m = 0; m < rows; m++) {
          if (m < tiled) {
            inOrder(room, x, xAt + m * xStride, c - n, k);
          } else {
            inQuarters(room, x, xAt + m * xStride, c - n, k);
          }
          System.arraycopy(room.sums, 0, out, outAt + m * outStride + c, count);
        }
      }
    }
  }

  private void inOrder(Room room, float[] x, int xAt, int column, int k) {
    Arrays.fill(room.sums, 0, COLUMNS, 0);
    eight(x, xAt, room.panel, column, k, width, room.sums, 0);
  }

  private void inQuarters(Room room, float[] x, int xAt, int column, int k) {
    float[] sums = room.sums;
    int quarter = k >> 2;
    Arrays.fill(sums, 0);
    for (int i = 0; i < 4; i++) {
      int from = i * quarter;
      eight(x, xAt + from, room.panel, from * width + column, quarter, width, sums, i * COLUMNS);
    }
    int from = 4 * quarter;
    eight(x, xAt + from, room.panel, from * width + column, k - from, width, sums, 0);
    for (int i = 0; i < COLUMNS; i++) {
      float ab = sums[i] + sums[COLUMNS + i];
      sums[i] = ab + (sums[2 * COLUMNS + i] + sums[3 * COLUMNS + i]);
    }
  }

  /** Goes on with the sums of 8 columns, {@code width} floats from one input's weights to next. */
  private static void eight(
      float[] x, int xAt, float[] w, int wAt, int k, int width, float[] sums, int at) {
    float a = sums[at];
    float b = sums[at + 1];
    float c = sums[at + 2];
    float d = sums[at + 3];
    float e = sums[at + 4];
    float f = sums[at + 5];
    float g = sums[at + 6];
    float h = sums[at + 7];
    for (int i = 0, j = wAt; i < k; i++, j += width) {
      float v = x[xAt + i];
      a = Math.fma(w[j], v, a);
      b = Math.fma(w[j + 1], v, b);
      c = Math.fma(w[j + 2], v, c);
      d = Math.fma(w[j + 3], v, d);
      e = Math.fma(w[j + 4], v, e);
      f = Math.fma(w[j + 5], v, f);
      g = Math.fma(w[j + 6], v, g);
      h = Math.fma(w[j + 7], v, h);
    }
    sums[at] = a;
    sums[at + 1] = b;
    sums[at + 2] = c;
    sums[at + 3] = d;
    sums[at + 4] = e;
    sums[at + 5] = f;
    sums[at + 6] = g;
    sums[at + 7] = h;
  }
}
