package uk.ac.manchester.tornado.api.emulator;

import java.util.HashSet;
import java.util.Set;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** A graph's declarations and state for one array. */
final class Slot {
  final TornadoNativeArray array;
  final Memory memory;

  /** The mode of its transfer to the device; null if there is none. */
  Integer toDevice;

  /** Whether each execution copies it to the host. */
  boolean toHost;

  /** Whether it stays on the device for other graphs or for a later copy to the host. */
  boolean persisted;

  /** The graphs from which it is taken over; empty if none. */
  final Set<String> consumed = new HashSet<>();

  /** The first task that uses it; null if none does. */
  Task firstUse;

  /** Its buffer, once the graph has run. */
  DeviceBuffer buffer;

  /** True once it has been copied to the device. */
  boolean uploaded;

  /** Whether this execution copies it to the device. */
  boolean copiedNow;

  /** Whether a task of this execution has written to it. */
  boolean written;

  Slot(TornadoNativeArray array) {
    this.array = array;
    memory = Memory.of(array);
  }

  /** A copy of the declarations, without device state. */
  Slot copy() {
    Slot copy = new Slot(array);
    copy.toDevice = toDevice;
    copy.toHost = toHost;
    copy.persisted = persisted;
    copy.consumed.addAll(consumed);
    copy.firstUse = firstUse;
    return copy;
  }

  /** Its name in messages: the parameter's name in the first kernel that uses it. */
  String name() {
    return firstUse == null ? "an array (" + memory.kind() + ")" : firstUse.name(memory);
  }
}
