package gpt.benchmarks;

import java.util.List;

/**
 * What there is to measure on, as far as the choice of rows depends on it.
 *
 * @param memory bytes that models may take
 * @param vector whether Java has the Vector API
 * @param cpu what the CPU can do
 * @param devices TornadoVM's devices that are measured
 */
public record Machine(long memory, boolean vector, Probe cpu, List<Target> devices) {

  /**
   * A device of TornadoVM's.
   *
   * @param id {@code opencl:0}
   * @param hostMemory whether its memory is the host's
   * @param hasHalf whether its kernels take half precision
   * @param memory bytes that it has
   * @param probe what it can do
   */
  public record Target(String id, boolean hostMemory, boolean hasHalf, long memory, Probe probe) {}
}
