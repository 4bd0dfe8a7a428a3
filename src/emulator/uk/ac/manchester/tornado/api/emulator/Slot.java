package uk.ac.manchester.tornado.api.emulator;

import java.util.HashSet;
import java.util.Set;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** What a graph knows about one array. */
final class Slot {
  final TornadoNativeArray array;
  final Memory memory;

  /** When it is copied to the device, or null. */
  Integer toDevice;

  /** True where it is copied to the host whenever the graph has run. */
  boolean toHost;

  /** True where it stays on the device for other graphs, or until the caller asks for it. */
  boolean persisted;

  /** The graphs from which it is taken over; empty where it is not. */
  final Set<String> consumed = new HashSet<>();

  /** The first task that uses it, or null. */
  Task firstUse;

  /** Its buffer, once the graph has run. */
  DeviceBuffer buffer;

  /** True once it has been copied to the device. */
  boolean uploaded;

  /** True where this execution copies it to the device. */
  boolean copiedNow;

  /** True where a task of this execution has written to it. */
  boolean written;

  Slot(TornadoNativeArray array) {
    this.array = array;
    memory = Memory.of(array);
  }

  /** The same declarations, nothing on the device. */
  Slot copy() {
    Slot copy = new Slot(array);
    copy.toDevice = toDevice;
    copy.toHost = toHost;
    copy.persisted = persisted;
    copy.consumed.addAll(consumed);
    copy.firstUse = firstUse;
    return copy;
  }

  /** How messages name it: as the first kernel that uses it does. */
  String name() {
    return firstUse == null ? "an array (" + memory.kind() + ")" : firstUse.name(memory);
  }
}
