package uk.ac.manchester.tornado.api.emulator;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The products of tensor cores, 16 × 8 outputs of depth 16. On a device the lanes of a warp share
 * the operands; here each lane has both tiles whole and computes its own four outputs. So it is not
 * checked that all lanes of a warp call the operation.
 */
public final class TensorCore {
  private static final int M = 16;
  private static final int N = 8;
  private static final int K = 16;

  private TensorCore() {}

  /** The tile of A: M rows of K halves, two to an int, from a byte offset on. */
  public static HalfFloat[] loadA(int[] tile, int byteOffset) {
    return halves(tile, byteOffset, M * K);
  }

  /** The tile of B: K rows of N halves, two to an int, from a byte offset on. */
  public static HalfFloat[] loadB(int[] tile, int byteOffset) {
    return halves(tile, byteOffset, K * N);
  }

  private static HalfFloat[] halves(int[] tile, int byteOffset, int count) {
    HalfFloat[] halves = new HalfFloat[count];
    for (int i = 0; i < count; i++) {
      int word = tile[byteOffset / Integer.BYTES + i / 2];
      halves[i] = new HalfFloat((short) (word >> (i % 2 * Short.SIZE)));
    }
    return halves;
  }

  private static int row(int lane, int i) {
    return lane / 4 + i / 2 * 8;
  }

  private static int column(int lane, int i) {
    return lane % 4 * 2 + i % 2;
  }

  /** A lane's four outputs of A · B + C. */
  static float[] multiply(int lane, HalfFloat[] a, HalfFloat[] b, float[] c) {
    float[] d = c.clone();
    for (int i = 0; i < d.length; i++) {
      for (int k = 0; k < K; k++) {
        float left = a[row(lane, i) * K + k].getFloat32();
        d[i] += left * b[k * N + column(lane, i)].getFloat32();
      }
    }
    return d;
  }

  /** Stores a lane's four outputs in a row-major matrix. */
  static void store(int lane, float[] d, FloatArray c, int row, int column, int stride) {
    for (int i = 0; i < d.length; i++) {
      c.set((row + row(lane, i)) * stride + column + column(lane, i), d[i]);
    }
  }
}
