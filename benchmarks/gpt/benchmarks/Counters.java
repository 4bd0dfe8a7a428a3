package gpt.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A row's counters besides its time. JMH resets them before each iteration. */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Counters {
  /** Nanoseconds that the device spent in kernels, by TornadoVM's profiler; 0 if unknown. */
  public long deviceNanos;

  /** Calls of the iteration. */
  public long calls;

  /** Minimum bytes that one call moves. */
  public long bytes;

  /** FLOPs of one call. */
  public long flops;

  /** Adds calls that took {@code nanos} on the device together. */
  public void add(int count, long nanos, Work work) {
    calls += count;
    deviceNanos += nanos;
    bytes = work.bytes();
    flops = work.flops();
  }
}
