package gpt.benchmarks;

import gpt.backend.cpu.ReadBandwidth;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.IntConsumer;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Measures the CPU's memory bandwidth and FMA throughput on all threads. */
final class CpuProbe implements Probe.Source {
  private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;

  /** Bytes that the copy reads: more than most caches. */
  private static final long BYTES = 512 << 20;

  private static final int PASSES = 5;
  private static final int ROUNDS = 4_000_000;

  private final int threads = Runtime.getRuntime().availableProcessors();
  private final float[] sink = new float[threads];
  private boolean warm;

  @Override
  public Probe measure(int firstRow) {
    if (!warm) {
      peak(); // warm-up for the JIT
      warm = true;
    }
    return new Probe(Spec.CPU, firstRow, copy(), read(), peak());
  }

  private double copy() {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment from = arena.allocate(BYTES, 64);
      MemorySegment to = arena.allocate(BYTES, 64);
      long part = BYTES / threads;
      double seconds = best(t -> MemorySegment.copy(from, t * part, to, t * part, part));
      return 2.0 * part * threads / seconds;
    }
  }

  private double read() {
    try (ReadBandwidth probe = new ReadBandwidth(threads)) {
      return probe.measure(PASSES);
    }
  }

  private double peak() {
    double seconds = best(t -> sink[t] = chains());
    return 2.0 * 12 * S.length() * ROUNDS * threads / seconds;
  }

  /** Twelve independent FMA chains: enough to hide the FMA's latency. */
  private static float chains() {
    FloatVector x = FloatVector.broadcast(S, 0.999f);
    FloatVector y = FloatVector.broadcast(S, 0.001f);
    FloatVector a = x;
    FloatVector b = x;
    FloatVector c = x;
    FloatVector d = x;
    FloatVector e = x;
    FloatVector f = x;
    FloatVector g = y;
    FloatVector h = y;
    FloatVector i = y;
    FloatVector j = y;
    FloatVector k = y;
    FloatVector l = y;
    for (int round = 0; round < ROUNDS; round++) {
      a = a.fma(x, y);
      b = b.fma(x, y);
      c = c.fma(x, y);
      d = d.fma(x, y);
      e = e.fma(x, y);
      f = f.fma(x, y);
      g = g.fma(x, y);
      h = h.fma(x, y);
      i = i.fma(x, y);
      j = j.fma(x, y);
      k = k.fma(x, y);
      l = l.fma(x, y);
    }
    return a.add(b).add(c.add(d)).add(e.add(f)).add(g.add(h)).add(i.add(j).add(k.add(l))).lane(0);
  }

  /** Seconds of the fastest of {@link #PASSES} passes, each on all threads. */
  private double best(IntConsumer part) {
    double best = Double.MAX_VALUE;
    for (int pass = 0; pass < PASSES; pass++) {
      Thread[] workers = new Thread[threads];
      long start = System.nanoTime();
      for (int t = 0; t < threads; t++) {
        int worker = t;
        workers[t] = Thread.ofPlatform().start(() -> part.accept(worker));
      }
      for (Thread thread : workers) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      best = Math.min(best, (System.nanoTime() - start) / 1e9);
    }
    return best;
  }

  @Override
  public void close() {}
}
