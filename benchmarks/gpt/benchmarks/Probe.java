package gpt.benchmarks;

/**
 * What a device could do at some time of a run, beside the rows that are measured.
 *
 * @param device as {@link Spec#device}
 * @param firstRow index of the first row behind it
 * @param copy bytes a second, read and written ones together, of a copy
 * @param read bytes a second of a sum over memory; 0 where that was not measured
 * @param peak additions and multiplications a second of chains of multiply-adds in registers
 */
public record Probe(String device, int firstRow, double copy, double read, double peak) {

  /** Measures it. */
  public interface Source extends AutoCloseable {
    /** The best of some tries now. */
    Probe measure(int firstRow);

    @Override
    void close();
  }
}
