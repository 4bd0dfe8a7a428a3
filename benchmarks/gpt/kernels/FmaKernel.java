package gpt.kernels;

import gpt.kernels.runtime.Version;
import java.util.Arrays;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * y = a·y + b, repeated, with eight independent chains in each work item: measures the peak FLOP/s
 * of a device in single precision, as a bound for the other kernels. Only the results are written.
 */
final class FmaKernel {
  private static final int GROUP = 128;
  private static final int GROUPS = 2048;
  private static final int ROUNDS = 1024;
  private static final float A = 0.999f;
  private static final float B = 0.001f;

  record Arguments(FloatArray y) {}

  static final Version<Arguments> EIGHT_PER_THREAD =
      new Version<>(
          "eightPerThread",
          Version.Target.ANY,
          (graph, id, a) -> graph.task(id, FmaKernel::eightPerThread, new KernelContext(), a.y),
          (a, rows) -> Version.groups(GROUPS, GROUP));

  private FmaKernel() {}

  static void eightPerThread(KernelContext context, FloatArray y) {
    int i = context.globalIdx;
    float start = i & 7;
    float a = start;
    float b = start + 1;
    float c = start + 2;
    float d = start + 3;
    float e = start + 4;
    float f = start + 5;
    float g = start + 6;
    float h = start + 7;
    for (int round = 0; round < ROUNDS; round++) {
      a = A * a + B;
      b = A * b + B;
      c = A * c + B;
      d = A * d + B;
      e = A * e + B;
      f = A * f + B;
      g = A * g + B;
      h = A * h + B;
    }
    y.set(i, a + b + c + d + (e + f + g + h));
  }

  static KernelCase<Arguments> of(long seed) {
    int n = GROUPS * GROUP;
    KernelCase<Arguments> test = new KernelCase<>("fma", seed);
    double[] sums = new double[8];
    for (int start = 0; start < sums.length; start++) {
      for (int lane = 0; lane < 8; lane++) {
        double y = start + lane;
        for (int round = 0; round < ROUNDS; round++) {
          y = (double) A * y + B;
        }
        sums[start] += y;
      }
    }
    double[] expected = new double[n];
    Arrays.setAll(expected, i -> sums[i & 7]);
    FloatArray y = test.output(n);
    return test.tolerance(new KernelCase.Tolerance(1e-7, 1e-3)) // a thousand roundings in a row
        .cost(4L * n, 16L * ROUNDS * n)
        .expect(y, expected)
        .arguments(new Arguments(y));
  }
}
