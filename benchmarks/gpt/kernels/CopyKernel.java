package gpt.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task4;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y = x: what a device's memory can do, for the others to be compared with. */
final class CopyKernel {
  private static final int GROUP = 64;

  /** Floats that a work item copies. */
  private static final int EACH = 256;

  record Arguments(FloatArray x, FloatArray y, int n) {}

  /** Each work item walks memory in order, as a CPU wants it. */
  static final Version<Arguments> PER_THREAD =
      version(
          "perThread",
          Version.Target.CPU,
          CopyKernel::perThread,
          (a, rows) -> Version.items(Math.ceilDiv(a.n, EACH), GROUP));

  /** Neighbouring lanes copy neighbouring floats, as a GPU wants it. */
  static final Version<Arguments> PER_GROUP =
      version(
          "perGroup",
          Version.Target.GPU,
          CopyKernel::perGroup,
          (a, rows) -> Version.items(Math.ceilDiv(a.n, EACH), GROUP));

  private CopyKernel() {}

  private static Version<Arguments> version(
      String name,
      Version.Target target,
      Task4<KernelContext, FloatArray, FloatArray, Integer> kernel,
      Version.Grid<Arguments> grid) {
    return new Version<>(
        name,
        target,
        (graph, id, a) -> graph.task(id, kernel, new KernelContext(), a.x, a.y, a.n),
        grid);
  }

  static void perThread(KernelContext context, FloatArray x, FloatArray y, int n) {
    int first = context.globalIdx * EACH;
    int last = TornadoMath.min(n, first + EACH);
    for (int i = first; i < last; i++) {
      y.set(i, x.get(i));
    }
  }

  static void perGroup(KernelContext context, FloatArray x, FloatArray y, int n) {
    int first = context.groupIdx * GROUP * EACH + context.localIdx;
    for (int i = 0; i < EACH; i++) {
      int at = first + i * GROUP;
      if (at < n) {
        y.set(at, x.get(at));
      }
    }
  }

  static KernelCase<Arguments> of(int n, long seed) {
    KernelCase<Arguments> test = new KernelCase<>("copy", seed);
    FloatArray x = test.floats(n, 1);
    FloatArray y = test.output(n);
    double[] expected = KernelCase.all(n, 0);
    return test.cost(8L * n, 0).expect(y, expected).arguments(new Arguments(x, y, n));
  }
}
