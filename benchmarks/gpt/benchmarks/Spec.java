package gpt.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one row of results measures. Rows that differ only in device and version do the same work
 * and are compared.
 *
 * @param question the JMH class
 * @param operation such as {@code gelu} or {@code decode}
 * @param shape name of the model shape
 * @param rows rows (tokens) of the operation
 * @param dtype precision of the matrices
 * @param device {@code cpu} or a TornadoVM device's id
 * @param version {@code plain}, {@code vector}, {@code tornado-matrices}, {@code cublas}, {@code
 *     cublas-tf32}, or the name of a kernel's version
 */
public record Spec(
    String question,
    String operation,
    String shape,
    int rows,
    String dtype,
    String device,
    String version) {

  /** The CPU without TornadoVM. */
  public static final String CPU = "cpu";

  /** Plain Java on the CPU. */
  public static final String PLAIN = "plain";

  /** The Vector API on the CPU. */
  public static final String VECTOR = "vector";

  /** TornadoVM's own matrix product, {@code tornado-matrices}, on the host. */
  public static final String MATRICES = "tornado-matrices";

  /** The work without device and version: {@code gelu gpt2, 256 rows, f32}. */
  public String work() {
    return operation + " " + shape + ", " + rows + (rows == 1 ? " row, " : " rows, ") + dtype;
  }

  /** Device and version: {@code vector}, {@code opencl:0 tiled}. */
  public String implementation() {
    return isCpu() ? version : device + " " + version;
  }

  /** Whether it runs without TornadoVM. */
  public boolean isCpu() {
    return device.equals(CPU);
  }

  /** Whether it is a whole step of a model. */
  public boolean isStep() {
    return operation.equals(Operations.DECODE) || operation.equals(Operations.PREFILL);
  }

  /** JMH's parameters of this row. */
  Map<String, String> parameters() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("operation", operation);
    all.put("shape", shape);
    all.put("rows", String.valueOf(rows));
    all.put("dtype", dtype);
    all.put("device", device);
    all.put("version", version);
    return all;
  }
}
