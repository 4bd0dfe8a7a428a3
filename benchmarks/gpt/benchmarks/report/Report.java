package gpt.benchmarks.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import gpt.benchmarks.Probe;
import gpt.benchmarks.Results;
import gpt.explore.plot.Picture;
import gpt.explore.plot.SvgBytes;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the report of results: a Markdown page and its charts. */
public final class Report {
  private Report() {}

  /**
   * Writes {@code name.md}, a bar chart for each shape, and a roofline for each device.
   *
   * @param folder the files' folder
   * @param name the files' name, without extension
   */
  public static void write(Results results, Path folder, String name) {
    List<Comparison> comparisons = Comparison.of(results);
    Map<String, String> files = new LinkedHashMap<>();
    pictures(results, comparisons)
        .forEach(
            (suffix, picture) -> {
              String file = name + "-" + suffix + ".svg";
              Results.write(folder.resolve(file), SvgBytes.of(picture));
              files.put(picture.title(), file);
            });
    String page = Markdown.of(results, comparisons, files);
    Results.write(folder.resolve(name + ".md"), page.getBytes(UTF_8));
  }

  /** The charts by the suffix of their file names. */
  static Map<String, Picture> pictures(Results results, List<Comparison> comparisons) {
    Map<String, Picture> all = new LinkedHashMap<>();
    for (String shape : comparisons.stream().map(c -> c.spec().shape()).distinct().toList()) {
      all.put(
          shape,
          new Bars(
              "Speed of each version at the shape of " + shape,
              comparisons.stream().filter(c -> c.spec().shape().equals(shape)).toList()));
    }
    for (String device : results.probes().stream().map(Probe::device).distinct().toList()) {
      Roofline roofline =
          new Roofline(
              "Roofline of " + device,
              comparisons.stream().filter(c -> c.spec().device().equals(device)).toList(),
              results.probes().stream().filter(p -> p.device().equals(device)).toList());
      if (!roofline.isEmpty()) {
        all.put("roofline-" + device.replace(':', '-'), roofline);
      }
    }
    return all;
  }
}
