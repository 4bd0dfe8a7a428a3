package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.emulator.Memory;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A kernel's view of its work item. The caller makes one whose ids are all 0; the emulator passes
 * each work item another one, with its own ids, in place of the caller's.
 */
public class KernelContext {
  /** The item's index among all items, in x. */
  public final Integer globalIdx;

  /** The item's index among all items, in y. */
  public final Integer globalIdy;

  /** The item's index among all items, in z. */
  public final Integer globalIdz;

  /** The index of the item's group, in x. */
  public final Integer groupIdx;

  /** The index of the item's group, in y. */
  public final Integer groupIdy;

  /** The index of the item's group, in z. */
  public final Integer groupIdz;

  /** The item's index in its group, in x. */
  public final Integer localIdx;

  /** The item's index in its group, in y. */
  public final Integer localIdy;

  /** The item's index in its group, in z. */
  public final Integer localIdz;

  /** Number of all items in x. */
  public final Integer globalGroupSizeX;

  /** Number of all items in y. */
  public final Integer globalGroupSizeY;

  /** Number of all items in z. */
  public final Integer globalGroupSizeZ;

  /** Number of a group's items in x. */
  public final Integer localGroupSizeX;

  /** Number of a group's items in y. */
  public final Integer localGroupSizeY;

  /** Number of a group's items in z. */
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

  /** Waits for the group's other items; what they wrote to local memory can be read then. */
  public void localBarrier() {}

  /** Waits for the group's other items; what they wrote to global memory can be read then. */
  public void globalBarrier() {}

  /** The group's array of this size in local memory. */
  public float[] allocateFloatLocalArray(int size) {
    return new float[size];
  }

  /** The group's array of this size in local memory. */
  public double[] allocateDoubleLocalArray(int size) {
    return new double[size];
  }

  /** The group's array of this size in local memory. */
  public int[] allocateIntLocalArray(int size) {
    return new int[size];
  }

  /** The group's array of this size in local memory. */
  public long[] allocateLongLocalArray(int size) {
    return new long[size];
  }

  /** The group's array of this size in local memory. */
  public byte[] allocateByteLocalArray(int size) {
    return new byte[size];
  }

  /** The group's array of this size in local memory. */
  public HalfFloat[] allocateHalfFloatLocalArray(int size) {
    return new HalfFloat[size];
  }

  /** Adds to an element as one step, whichever items do so at once. */
  public void atomicAdd(IntArray array, int index, int val) {
    Memory.atomicAdd(array, index, val);
  }
}
