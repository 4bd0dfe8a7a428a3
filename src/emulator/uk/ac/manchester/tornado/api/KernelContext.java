package uk.ac.manchester.tornado.api;

import java.util.Arrays;
import uk.ac.manchester.tornado.api.emulator.Memory;
import uk.ac.manchester.tornado.api.emulator.TensorCore;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A kernel's view of its work item. The caller creates one with ids of 0 as a placeholder; the
 * emulator passes each work item a context with its own ids instead.
 */
public class KernelContext {
  /** Global index in x. */
  public final Integer globalIdx;

  /** Global index in y. */
  public final Integer globalIdy;

  /** Global index in z. */
  public final Integer globalIdz;

  /** Index of the workgroup in x. */
  public final Integer groupIdx;

  /** Index of the workgroup in y. */
  public final Integer groupIdy;

  /** Index of the workgroup in z. */
  public final Integer groupIdz;

  /** Local index, within the workgroup, in x. */
  public final Integer localIdx;

  /** Local index, within the workgroup, in y. */
  public final Integer localIdy;

  /** Local index, within the workgroup, in z. */
  public final Integer localIdz;

  /** Global size in x. */
  public final Integer globalGroupSizeX;

  /** Global size in y. */
  public final Integer globalGroupSizeY;

  /** Global size in z. */
  public final Integer globalGroupSizeZ;

  /** Local size in x. */
  public final Integer localGroupSizeX;

  /** Local size in y. */
  public final Integer localGroupSizeY;

  /** Local size in z. */
  public final Integer localGroupSizeZ;

  /** The caller's context, to be passed to a task. */
  public KernelContext() {
    this(new int[3], new int[3], new int[3], new int[3]);
  }

  /** A work item's context. */
  protected KernelContext(int[] group, int[] local, int[] globalSize, int[] localSize) {
    globalIdx = group[0] * localSize[0] + local[0];
    globalIdy = group[1] * localSize[1] + local[1];
    globalIdz = group[2] * localSize[2] + local[2];
    groupIdx = group[0];
    groupIdy = group[1];
    groupIdz = group[2];
    localIdx = local[0];
    localIdy = local[1];
    localIdz = local[2];
    globalGroupSizeX = globalSize[0];
    globalGroupSizeY = globalSize[1];
    globalGroupSizeZ = globalSize[2];
    localGroupSizeX = localSize[0];
    localGroupSizeY = localSize[1];
    localGroupSizeZ = localSize[2];
  }

  /** Waits for all work items of the workgroup and makes their writes to local memory visible. */
  public void localBarrier() {}

  /** Waits for all work items of the workgroup and makes their writes to global memory visible. */
  public void globalBarrier() {}

  /**
   * The sum of the values of the 32 work items of a warp, all of which must call it. OpenCL devices
   * return the argument instead.
   */
  public float simdSum(float value) {
    return value;
  }

  /** A lane's part of a tensor core's sums, each of this value. */
  public float[] mmaFragment(float value) {
    float[] fragment = new float[4];
    Arrays.fill(fragment, value);
    return fragment;
  }

  /** The first operand of {@link #mma}: 16 rows of 16 halves in local memory, two to an int. */
  public HalfFloat[] mmaLoadA(int[] tile, int depth, int byteOffset) {
    return TensorCore.loadA(tile, byteOffset);
  }

  /** The second operand of {@link #mma}: 16 rows of 8 halves in local memory, two to an int. */
  public HalfFloat[] mmaLoadB(int[] tile, int depth, int byteOffset) {
    return TensorCore.loadB(tile, byteOffset);
  }

  /** a · b + c, by a warp; CUDA and PTX only. */
  public float[] mma(HalfFloat[] a, HalfFloat[] b, float[] c, MMAShape shape) {
    return c;
  }

  /** Stores a warp's sums in a row-major matrix. */
  public void mmaStore(float[] sums, FloatArray matrix, int row, int column, int stride) {}

  /** Allocates an array in local memory, shared by the workgroup. */
  public float[] allocateFloatLocalArray(int size) {
    return new float[size];
  }

  /** Allocates an array in local memory, shared by the workgroup. */
  public double[] allocateDoubleLocalArray(int size) {
    return new double[size];
  }

  /** Allocates an array in local memory, shared by the workgroup. */
  public int[] allocateIntLocalArray(int size) {
    return new int[size];
  }

  /** Allocates an array in local memory, shared by the workgroup. */
  public long[] allocateLongLocalArray(int size) {
    return new long[size];
  }

  /** Allocates an array in local memory, shared by the workgroup. */
  public byte[] allocateByteLocalArray(int size) {
    return new byte[size];
  }

  /** Allocates an array in local memory, shared by the workgroup. */
  public HalfFloat[] allocateHalfFloatLocalArray(int size) {
    return new HalfFloat[size];
  }

  /** Adds to an element atomically. */
  public void atomicAdd(IntArray array, int index, int val) {
    Memory.atomicAdd(array, index, val);
  }
}
