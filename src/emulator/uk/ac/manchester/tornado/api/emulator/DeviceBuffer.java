package uk.ac.manchester.tornado.api.emulator;

/** An array's buffer on the device; one graph can take it over from another. */
final class DeviceBuffer {
  /** A Java array of the element's type. */
  final Object data;

  /** Last writer of each element, see {@link Memory}; null if all elements are initialized. */
  int[] stamps;

  /** The generation of the stamps; stamps of older generations are meaningless. */
  int generation;

  /** True once a graph has freed it. */
  boolean freed;

  /** True from the copy to the device until the first task that uses it has run. */
  boolean fresh;

  /** True once that task has read the copied data. */
  boolean freshRead;

  /** The task that makes TornadoVM skip the copy to the device; null if there is none. */
  Task skippedBy;

  DeviceBuffer(Memory memory) {
    data = memory.newData();
    stamps = new int[memory.size];
  }

  /** Explains why it was not copied to the device. */
  String skipped() {
    return "the first task of the graph that uses the array, "
        + skippedBy.name
        + ", only writes it, and TornadoVM can skip the copy to the device then";
  }
}
