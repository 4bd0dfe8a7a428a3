package uk.ac.manchester.tornado.api;

/** How many work items a task runs, and in groups of what size. */
public interface WorkerGrid {
  /** Number of dimensions, 1 to 3. */
  int dimension();

  /** Items in x, y and z. */
  long[] getGlobalWork();

  /** Items of a group in x, y and z; null leaves it to the device. */
  long[] getLocalWork();

  /** Groups in x, y and z, or null where no local size is set. */
  long[] getNumberOfWorkgroups();

  /** Offset of the global ids. */
  long[] getGlobalOffset();

  /** Sets the items in x, y and z. */
  void setGlobalWork(long x, long y, long z);

  /** Sets a group's items in x, y and z. */
  void setLocalWork(long x, long y, long z);

  /** Leaves the number of groups to the device. */
  void setNumberOfWorkgroupsToNull();

  /** Leaves the size of the groups to the device. */
  void setLocalWorkToNull();

  /** Sets the offset of the global ids. */
  void setGlobalOffset(long x, long y, long z);
}
