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
 * A row beside the others that do the same work.
 *
 * @param row what was measured
 * @param probe what its device could do at that time
 * @param peers rows of the same work, this one among them
 */
record Comparison(Row row, Probe probe, List<Row> peers) {

  /** All rows that have times, in their order; those of the same work one after another. */
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

  /** How many times as fast as plain Java on the CPU. */
  OptionalDouble timesPlain() {
    return timesFastest(s -> s.isCpu() && s.version().equals(Spec.PLAIN));
  }

  /** How many times as fast as the CPU's fastest version. */
  OptionalDouble timesCpu() {
    return timesFastest(Spec::isCpu);
  }

  /** How many times as fast as the naive kernel on the same device. */
  OptionalDouble timesNaive() {
    return timesFastest(s -> s.device().equals(spec().device()) && s.version().equals("naive"));
  }

  /** How many times as fast as what pictures compare with. */
  double timesBaseline() {
    return timesFastest(s -> s.isCpu() && s.version().equals(Spec.VECTOR))
        .orElseGet(() -> timesCpu().orElseGet(() -> timesNaive().orElse(1)));
  }

  /** What {@link #timesBaseline} compares with. */
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

  /** Share of the bandwidth that a copy had. */
  double shareOfCopy() {
    return row.bandwidth() / probe.copy();
  }

  /** Share of what multiply-adds in registers reached. */
  double shareOfPeak() {
    return row.speed() / probe.peak();
  }
}
