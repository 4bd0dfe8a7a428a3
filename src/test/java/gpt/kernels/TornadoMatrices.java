package gpt.kernels;

import gpt.kernels.runtime.Matrix;
import java.lang.reflect.Method;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * TornadoVM's own matrix product, {@code tornado-matrices}, which runs on the host. It is part of
 * an SDK only, so it is called by reflection.
 */
public final class TornadoMatrices {
  private static final String PACKAGE = "uk.ac.manchester.tornado.";

  private final Object x;
  private final Object w;
  private final Object y;
  private final Method get;
  private final Method sgemm;
  private final int rows;
  private final int n;

  /** Copies x (rows, k) and w (n, k). */
  TornadoMatrices(FloatArray x, Matrix w, int rows) throws ReflectiveOperationException {
    Class<?> type = Class.forName(PACKAGE + "api.types.matrix.Matrix2DFloat");
    get = type.getMethod("get", int.class, int.class);
    sgemm = Class.forName(PACKAGE + "matrix.MatrixMath").getMethod("sgemm", type, type, type);
    this.rows = rows;
    n = w.n();
    float[][] left = new float[rows][w.k()];
    float[][] right = new float[w.k()][n];
    for (int i = 0; i < w.k(); i++) {
      for (int r = 0; r < rows; r++) {
        left[r][i] = x.get(r * w.k() + i);
      }
      for (int o = 0; o < n; o++) {
        right[i][o] = (float) KernelCase.weight(w, o, i);
      }
    }
    this.x = type.getConstructor(float[][].class).newInstance((Object) left);
    this.w = type.getConstructor(float[][].class).newInstance((Object) right);
    y = type.getConstructor(int.class, int.class).newInstance(rows, n);
  }

  /** Whether there is an SDK with it. */
  public static boolean present() {
    try {
      Class.forName(PACKAGE + "matrix.MatrixMath");
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  /** Computes y = x · wᵀ and returns the nanoseconds that it took. */
  long multiply() throws ReflectiveOperationException {
    long start = System.nanoTime();
    sgemm.invoke(null, x, w, y);
    return System.nanoTime() - start;
  }

  /** The product (rows, n). */
  float[] product() throws ReflectiveOperationException {
    float[] product = new float[rows * n];
    for (int i = 0; i < product.length; i++) {
      product[i] = (float) get.invoke(y, i / n, i % n);
    }
    return product;
  }
}
