package uk.ac.manchester.tornado.api.emulator;

/** An array's memory on the device; graphs hand it over to each other. */
final class DeviceBuffer {
  /** A Java array of the element's type. */
  final Object data;

  /** Who wrote each element last, see {@link Memory}; null where all is written. */
  int[] stamps;

  /** The generation of the stamps; those of an older one say nothing about a launch. */
  int generation;

  /** True once a graph has given it back. */
  boolean freed;

  /** True from a copy to the device to the end of the first task that uses it. */
  boolean fresh;

  /** True once that task has read what was copied. */
  boolean freshRead;

  /** The task because of which TornadoVM would have skipped the copy to the device. */
  Task skippedBy;

  DeviceBuffer(Memory memory) {
    data = memory.newData();
    stamps = new int[memory.size];
  }

  /** Why it was not copied to the device. */
  String skipped() {
    return "the first task of the graph that uses the array, "
        + skippedBy.name
        + ", only writes it, and TornadoVM can skip the copy to the device then";
  }
}
