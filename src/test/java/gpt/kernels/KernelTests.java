package gpt.kernels;

import static org.junit.jupiter.api.Assertions.assertNull;

import gpt.backend.tornado.TornadoDevices;
import gpt.backend.tornado.TornadoVm;
import gpt.kernels.runtime.Matrix;
import gpt.kernels.runtime.Version;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;

/**
 * Tests of every version of an operation on every device: the emulator's in a plain JVM, all
 * devices of TornadoVM with an SDK.
 */
public final class KernelTests {
  static final List<TornadoDevices.Device> DEVICES = devices();

  private final List<DynamicTest> tests = new ArrayList<>();
  private long seed;

  private static List<TornadoDevices.Device> devices() {
    List<TornadoDevices.Device> all = TornadoDevices.find().all();
    all.stream().findFirst().ifPresent(TornadoDevices.Device::prepareKernels);
    return all;
  }

  /** The seed of the first case; the seed increases by 1 from case to case. */
  public KernelTests(long seed) {
    this.seed = seed;
  }

  /** Makes a case from a seed. */
  public interface Case<A> {
    KernelCase<A> of(long seed);
  }

  /** The versions of an operation that a device runs. */
  interface Versions<A> {
    List<Version<A>> on(TornadoDevices.Device device);
  }

  /** Adds a test of each version on each device. */
  public <A> KernelTests add(List<Version<A>> versions, Case<A> maker) {
    return add(device -> versions, maker);
  }

  /** Adds a test of each version that a device runs on each device. */
  <A> KernelTests add(Versions<A> versions, Case<A> maker) {
    long ownSeed = seed++;
    for (TornadoDevices.Device device : DEVICES) {
      for (Version<A> version : versions.on(device)) {
        KernelCase<A> test = maker.of(ownSeed);
        String name = device.id() + " " + version + ": " + test;
        tests.add(
            DynamicTest.dynamicTest(
                name, () -> assertNull(test.check(version, device.handle()), name)));
      }
    }
    return this;
  }

  /** As {@link #add}, only with an SDK: the emulator takes minutes for large shapes. */
  public <A> KernelTests addLarge(List<Version<A>> versions, Case<A> maker) {
    return addLarge(device -> versions, maker);
  }

  /** As {@link #addLarge(List, Case)}. */
  <A> KernelTests addLarge(Versions<A> versions, Case<A> maker) {
    if (TornadoVm.presence() == TornadoVm.Presence.TORNADOVM) {
      return add(versions, maker);
    }
    seed++;
    return this;
  }

  /** The precisions that all devices support; not every device has half precision. */
  static int[] dtypes() {
    return haveHalf()
        ? new int[] {Matrix.F32, Matrix.F16, Matrix.I8}
        : new int[] {Matrix.F32, Matrix.I8};
  }

  /** Whether all devices have half precision. */
  public static boolean haveHalf() {
    return DEVICES.stream().allMatch(TornadoDevices.Device::hasHalf);
  }

  public List<DynamicTest> all() {
    return tests;
  }
}
