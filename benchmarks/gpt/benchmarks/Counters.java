package gpt.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What a row tells beside its time. JMH sets them to 0 before each iteration. */
@AuxCounters(AuxCounters.Type.EVENTS)
@State(Scope.Thread)
public class Counters {
  /** Time that the device spent in kernels, by TornadoVM's profiler; 0 where nobody knows. */
  public long deviceNanos;

  /** Calls in the iteration. */
  public long calls;

  /** Of one call, the fewest bytes to move. */
  public long bytes;

  /** Of one call, additions and multiplications. */
  public long flops;

  /** Counts calls. */
  public void add(int count, long nanos, Work work) {
    calls += count;
    deviceNanos += nanos;
    bytes = work.bytes();
    flops = work.flops();
  }
}
