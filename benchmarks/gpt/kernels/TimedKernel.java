package gpt.kernels;

import gpt.backend.tornado.TornadoDevices;
import gpt.benchmarks.Shape;
import gpt.benchmarks.Work;
import gpt.benchmarks.WrongResultException;
import gpt.kernels.KernelOperations.Operation;
import gpt.kernels.runtime.Version;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/** A version of a kernel on a device, with its result checked, ready to be timed. */
final class TimedKernel implements AutoCloseable {
  /** The last case, for the next version of the same operation: making one can take seconds. */
  private static Made last;

  private record Made(String name, KernelCase<?> test) {}

  private final TornadoExecutionPlan plan;
  private final Work work;

  private TimedKernel(TornadoExecutionPlan plan, Work work) {
    this.plan = plan;
    this.work = work;
  }

  /**
   * Compiles and checks a version at a shape.
   *
   * @throws WrongResultException if the result is wrong
   */
  static TimedKernel of(
      String operation,
      Shape shape,
      int rows,
      String dtype,
      String version,
      TornadoDevices.Device device)
      throws Exception {
    return of(KernelOperations.named(operation), shape, rows, dtype, version, device);
  }

  private static <A> TimedKernel of(
      Operation<A> operation,
      Shape shape,
      int rows,
      String dtype,
      String version,
      TornadoDevices.Device device)
      throws Exception {
    String name = operation.name() + shape + rows + dtype;
    if (last == null || !last.name.equals(name)) {
      last = null; // for the garbage collector
      last = new Made(name, KernelOperations.caseOf(operation, shape, rows, dtype));
    }
    @SuppressWarnings("unchecked") // it was made by this operation
    KernelCase<A> test = (KernelCase<A>) last.test;
    Version<A> chosen = operation.version(version, test, shape, rows);
    if (version.equals(KernelOperations.TENSOR_CORES)) {
      last = null; // it is checked less strictly from now on
    }
    return of(test, chosen, device);
  }

  /** Compiles and checks a version with any case. */
  static <A> TimedKernel of(KernelCase<A> test, Version<A> version, TornadoDevices.Device device)
      throws Exception {
    WrongResultException.check(test.check(version, device.handle()));
    return new TimedKernel(
        test.timed(version, device.handle()), new Work(test.bytes(), test.flops()));
  }

  /** Launches the kernel once and returns its time on the device in nanoseconds. */
  long launch() {
    return plan.execute().getProfilerResult().getDeviceKernelTime();
  }

  Work work() {
    return work;
  }

  @Override
  public void close() {
    plan.freeDeviceMemory();
    try {
      plan.close();
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException(e);
    }
  }
}
