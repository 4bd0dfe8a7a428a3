package gpt.cli.output;

import gpt.backend.tornado.Profile;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/** A table of kernel time, launches and bytes copied for each step on a TornadoVM device. */
public final class ProfileTable {
  private final Supplier<Optional<Profile.Totals>> profiler;
  private final String first;
  private final List<Profile.Totals> steps = new ArrayList<>();

  /** A table for generating, whose first step is the prompt. */
  public ProfileTable(Supplier<Optional<Profile.Totals>> profiler) {
    this(profiler, "prompt");
  }

  /**
   * An empty table.
   *
   * @param profiler returns the totals since its last call; empty if nothing is profiled
   * @param first the first step's name; the others are numbered from 1
   */
  public ProfileTable(Supplier<Optional<Profile.Totals>> profiler, String first) {
    this.profiler = profiler;
    this.first = first;
  }

  /**
   * Adds a line for the work since the last call. Completions that are decoded together share a
   * step: the first one's call adds the line, the others' find no launches.
   */
  public void step() {
    profiler.get().filter(totals -> totals.launches() > 0).ifPresent(steps::add);
  }

  /** The table; no lines if nothing was profiled. */
  public List<String> lines() {
    if (steps.isEmpty()) {
      return List.of();
    }
    List<String> lines = new ArrayList<>();
    lines.add("step  launches  kernels ms     bytes in    bytes out");
    for (int i = 0; i < steps.size(); i++) {
      lines.add(line(i == 0 ? first : String.valueOf(i), steps.get(i)));
    }
    return lines;
  }

  private static String line(String step, Profile.Totals totals) {
    return String.format(
        Locale.ROOT,
        "%-6s %7d %11.3f %12d %12d",
        step,
        totals.launches(),
        totals.kernelNanos() / 1e6,
        totals.bytesIn(),
        totals.bytesOut());
  }
}
