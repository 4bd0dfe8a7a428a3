package gpt.benchmarks;

/**
 * A device's bandwidth and throughput at one time of a run.
 *
 * @param device as {@link Spec#device}
 * @param firstRow index of the first row measured after this probe
 * @param copy copy bandwidth: bytes read plus bytes written per second
 * @param read read bandwidth of a sum over memory in bytes per second; 0 if not measured
 * @param peak FLOP/s of independent FMA chains in registers
 */
public record Probe(String device, int firstRow, double copy, double read, double peak) {

  /** Probes one device. */
  public interface Source extends AutoCloseable {
    /** Measures now; returns the best of several passes. */
    Probe measure(int firstRow);

    @Override
    void close();
  }
}
