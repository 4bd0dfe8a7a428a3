package gpt.cli.output;

import gpt.backend.tornado.Profile;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/** What a TornadoVM device did for each step, as a table. */
public final class ProfileTable {
  private final Supplier<Optional<Profile.Totals>> profiler;
  private final String first;
  private final List<Profile.Totals> steps = new ArrayList<>();

  /** Of a generation, whose first step is the prompt. */
  public ProfileTable(Supplier<Optional<Profile.Totals>> profiler) {
    this(profiler, "prompt");
  }

  /**
   * An empty table.
   *
   * @param profiler hands over what was done since its last call; empty where nobody counts
   * @param first the first step's name; the others are numbered from 1
   */
  public ProfileTable(Supplier<Optional<Profile.Totals>> profiler, String first) {
    this.profiler = profiler;
    this.first = first;
  }

  /** A step is done. The tokens of samples that are generated together are one. */
  public void step() {
    profiler.get().filter(totals -> totals.launches() > 0).ifPresent(steps::add);
  }

  /** The table; no lines where nothing was counted. */
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
