package uk.ac.manchester.tornado.api;

/** The global and local size of a task: its work items and workgroups. */
public interface WorkerGrid {
  /** Number of dimensions, 1 to 3. */
  int dimension();

  /** Global size in x, y and z. */
  long[] getGlobalWork();

  /** Local size in x, y and z; null leaves it to the device. */
  long[] getLocalWork();

  /** Number of workgroups in x, y and z; null if no local size is set. */
  long[] getNumberOfWorkgroups();

  /** Offset of the global ids. */
  long[] getGlobalOffset();

  /** Sets the global size in x, y and z. */
  void setGlobalWork(long x, long y, long z);

  /** Sets the local size in x, y and z. */
  void setLocalWork(long x, long y, long z);

  /** Leaves the number of workgroups to the device. */
  void setNumberOfWorkgroupsToNull();

  /** Leaves the local size to the device. */
  void setLocalWorkToNull();

  /** Sets the offset of the global ids. */
  void setGlobalOffset(long x, long y, long z);
}
