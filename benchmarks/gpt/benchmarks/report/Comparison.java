package gpt.benchmarks.report;

import gpt.benchmarks.Probe;
import gpt.benchmarks.Results;
import gpt.benchmarks.Row;
import gpt.benchmarks.Spec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Predicate;

/**
 * A row and the rows that do the same work.
 *
 * @param row what was measured
 * @param probe its device's bandwidth and throughput at that time
 * @param peers rows of the same work, including this one
 */
record Comparison(Row row, Probe probe, List<Row> peers) {

  /** All rows with times, in their order; rows of the same work are adjacent. */
  static List<Comparison> of(Results results) {
    Map<String, List<Integer>> byWork = new LinkedHashMap<>();
    for (int i = 0; i < results.rows().size(); i++) {
      if (results.rows().get(i).error() == null) {
        byWork.computeIfAbsent(results.rows().get(i).spec().work(), w -> new ArrayList<>()).add(i);
      }
    }
    List<Comparison> all = new ArrayList<>();
    for (Collection<Integer> same : byWork.values()) {
      List<Row> peers = same.stream().map(results.rows()::get).toList();
      same.forEach(i -> all.add(new Comparison(results.rows().get(i), results.probe(i), peers)));
    }
    return all;
  }

  Spec spec() {
    return row.spec();
  }

  /** Speedup over plain Java on the CPU. */
  OptionalDouble timesPlain() {
    return timesFastest(s -> s.isCpu() && s.version().equals(Spec.PLAIN));
  }

  /** Speedup over the CPU's fastest version. */
  OptionalDouble timesCpu() {
    return timesFastest(Spec::isCpu);
  }

  /** Speedup over the naive kernel on the same device. */
  OptionalDouble timesNaive() {
    return timesFastest(s -> s.device().equals(spec().device()) && s.version().equals("naive"));
  }

  /** Speedup over the charts' {@link #baseline}. */
  double timesBaseline() {
    return timesFastest(s -> s.isCpu() && s.version().equals(Spec.VECTOR))
        .orElseGet(() -> timesCpu().orElseGet(() -> timesNaive().orElse(1)));
  }

  /** Name of the version that {@link #timesBaseline} compares with. */
  String baseline() {
    if (has(s -> s.isCpu() && s.version().equals(Spec.VECTOR))) {
      return Spec.VECTOR;
    }
    return has(Spec::isCpu) ? "cpu" : "naive";
  }

  private boolean has(Predicate<Spec> which) {
    return peers.stream().anyMatch(peer -> which.test(peer.spec()));
  }

  private OptionalDouble timesFastest(Predicate<Spec> which) {
    OptionalDouble best =
        peers.stream().filter(peer -> which.test(peer.spec())).mapToDouble(Row::nanos).min();
    return best.isPresent() ? OptionalDouble.of(best.getAsDouble() / row.nanos()) : best;
  }

  /** Bandwidth divided by the copy bandwidth. */
  double shareOfCopy() {
    return row.bandwidth() / probe.copy();
  }

  /** FLOP/s divided by the FMA peak. */
  double shareOfPeak() {
    return row.speed() / probe.peak();
  }
}
