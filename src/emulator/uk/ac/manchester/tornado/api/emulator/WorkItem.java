package uk.ac.manchester.tornado.api.emulator;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** A work item: the kernel's context, and its state. */
final class WorkItem extends KernelContext {
  /** Its index in the workgroup. */
  final int index;

  /** Its thread, if the kernel uses barriers. */
  Thread thread;

  /** Identifies the barrier at which it waits. */
  int site;

  /** Whether it waits at a shuffle instead of a barrier. */
  boolean shuffles;

  /** Its value in a shuffle; after the shuffle, its result. */
  float shuffled;

  private String name;

  /** True once its kernel has returned. */
  boolean finished;

  WorkItem(int index, int[] group, int[] local, int[] globalSize, int[] localSize) {
    super(group, local, globalSize, localSize);
    this.index = index;
  }

  void reset() {
    thread = null;
    site = 0;
    shuffles = false;
    finished = false;
  }

  @Override
  public void localBarrier() {
    Launch.current.barrier(this, false);
  }

  @Override
  public void globalBarrier() {
    Launch.current.barrier(this, true);
  }

  @Override
  public float simdSum(float value) {
    return Launch.current.simdSum(this, value);
  }

  @Override
  public float[] mma(HalfFloat[] a, HalfFloat[] b, float[] c, MMAShape shape) {
    return TensorCore.multiply(localIdx % Fibers.WARP, a, b, c);
  }

  @Override
  public void mmaStore(float[] sums, FloatArray matrix, int row, int column, int stride) {
    TensorCore.store(localIdx % Fibers.WARP, sums, matrix, row, column, stride);
  }

  @Override
  public float[] allocateFloatLocalArray(int size) {
    return (float[]) Launch.current.local.allocate(float.class, size);
  }

  @Override
  public double[] allocateDoubleLocalArray(int size) {
    return (double[]) Launch.current.local.allocate(double.class, size);
  }

  @Override
  public int[] allocateIntLocalArray(int size) {
    return (int[]) Launch.current.local.allocate(int.class, size);
  }

  @Override
  public long[] allocateLongLocalArray(int size) {
    return (long[]) Launch.current.local.allocate(long.class, size);
  }

  @Override
  public byte[] allocateByteLocalArray(int size) {
    return (byte[]) Launch.current.local.allocate(byte.class, size);
  }

  @Override
  public HalfFloat[] allocateHalfFloatLocalArray(int size) {
    return (HalfFloat[]) Launch.current.local.allocate(HalfFloat.class, size);
  }

  /** Its name in messages; also its thread's name. */
  String name() {
    if (name == null) {
      name =
          "work item "
              + at(localIdx, localIdy, localIdz)
              + " of workgroup "
              + at(groupIdx, groupIdy, groupIdz);
    }
    return name;
  }

  private static String at(int x, int y, int z) {
    return "(" + x + ", " + y + ", " + z + ")";
  }

  @Override
  public String toString() {
    return name();
  }
}
