package gpt.benchmarks;

import java.util.List;

/**
 * The properties of the machine that decide which rows are measured.
 *
 * @param memory free bytes
 * @param vector whether the Vector API is available
 * @param matrices whether TornadoVM's SDK is there, with its own matrix product
 * @param cpu the CPU's bandwidth and throughput
 * @param devices the TornadoVM devices to measure
 */
public record Machine(
    long memory, boolean vector, boolean matrices, Probe cpu, List<Target> devices) {

  /**
   * A TornadoVM device.
   *
   * @param id such as {@code opencl:0}
   * @param hostMemory whether it uses the host's memory
   * @param hasHalf whether its kernels support half precision
   * @param memory its bytes of memory
   * @param probe its bandwidth and throughput
   * @param noCuBlas why it cannot be compared with cuBLAS; null if it can
   */
  public record Target(
      String id, boolean hostMemory, boolean hasHalf, long memory, Probe probe, String noCuBlas) {

    /** Whether kernels can use tensor cores. */
    boolean hasTensorCores() {
      return id.startsWith("cuda");
    }
  }
}
