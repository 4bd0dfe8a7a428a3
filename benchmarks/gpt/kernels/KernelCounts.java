package gpt.kernels;

import gpt.backend.tornado.TornadoDevices;
import gpt.benchmarks.Shape;
import gpt.kernels.KernelOperations.Operation;
import gpt.kernels.runtime.Version;
import java.util.List;
import java.util.Locale;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.emulator.ArrayTraffic;
import uk.ac.manchester.tornado.api.emulator.Counting;
import uk.ac.manchester.tornado.api.emulator.CountingLoader;
import uk.ac.manchester.tornado.api.emulator.Traffic;

/** Counts on the emulator what a version's warps do, and describes it. */
public final class KernelCounts {
  private KernelCounts() {}

  /** A loader of this class whose kernels are counted. */
  private static final class Loader {
    static final ClassLoader COUNTING =
        new CountingLoader(KernelCounts.class.getClassLoader(), "gpt.", List.of("gpt.kernels."));
  }

  /** Counts a version of an operation. */
  static Traffic of(String operation, String version, Shape shape, int rows, String dtype)
      throws Exception {
    TornadoDevices.find().first().prepareKernels(); // halves are loaded in pairs, as on CUDA
    return (Traffic)
        Loader.COUNTING
            .loadClass(KernelCounts.class.getName())
            .getMethod("count", String.class, String.class, String.class, int.class, String.class)
            .invoke(null, operation, version, shape.word(), rows, dtype);
  }

  /** As {@link #of}, in its own loader. */
  public static Traffic count(
      String operation, String version, String shape, int rows, String dtype) throws Exception {
    return count(
        KernelOperations.named(operation), version, Shape.of(shape).orElseThrow(), rows, dtype);
  }

  private static <A> Traffic count(
      Operation<A> operation, String version, Shape shape, int rows, String dtype)
      throws Exception {
    @SuppressWarnings("unchecked") // it is made by this operation
    KernelCase<A> test = (KernelCase<A>) KernelOperations.caseOf(operation, shape, rows, dtype);
    return count(test, operation.version(version, test, shape, rows));
  }

  /** Counts a version of a case, in its own loader. */
  static <A> Traffic count(KernelCase<A> test, Version<A> version) throws Exception {
    try (TornadoExecutionPlan plan = test.timed(version, null)) {
      return Counting.of(plan::execute);
    }
  }

  /** A table of the arrays, and what else was counted. */
  static String table(Traffic traffic) {
    StringBuilder out = new StringBuilder();
    line(out, "array", "", "requests", "bytes asked", "sectors", "bytes moved", "asked/moved");
    for (ArrayTraffic array : traffic.arrays()) {
      row(out, array.name(), "load", array.loads());
      row(out, array.name(), "store", array.stores());
    }
    row(out, "all", "", traffic.total());
    long once = traffic.arrays().stream().mapToLong(ArrayTraffic::touched).sum();
    out.append(
        String.format(
            Locale.ROOT,
            "%nworkgroups    %,d%nbarriers      %,d in each%nwarp sums     %,d, by shuffles%n"
                + "local memory  %,d requests, %,d passes (%,d because of bank conflicts)%n"
                + "FLOPs         %,d, and %,d functions%n"
                + "sectors once  %,d bytes: what is moved if a cache keeps every sector%n",
            traffic.groups(),
            traffic.barriers(),
            traffic.warpSums(),
            traffic.localRequests(),
            traffic.localPasses(),
            traffic.localPasses() - traffic.localRequests(),
            traffic.flops(),
            traffic.functions(),
            once));
    return out.toString();
  }

  private static void row(StringBuilder out, String name, String access, ArrayTraffic.Accesses a) {
    if (a.requests() > 0) {
      line(
          out,
          name,
          access,
          String.format(Locale.ROOT, "%,d", a.requests()),
          String.format(Locale.ROOT, "%,d", a.asked()),
          String.format(Locale.ROOT, "%,d", a.sectors()),
          String.format(Locale.ROOT, "%,d", a.moved()),
          String.format(Locale.ROOT, "%.0f%%", 100.0 * a.asked() / a.moved()));
    }
  }

  private static void line(StringBuilder out, Object... cells) {
    out.append(String.format("%-13s %-5s %12s %14s %12s %14s %12s%n", cells).stripTrailing());
    out.append(System.lineSeparator());
  }
}
