package gpt.benchmarks.report;

import gpt.benchmarks.Results;
import java.nio.file.Path;

/** Makes a page of Markdown and its pictures from results. */
public final class Report {
  private Report() {}

  /** Writes them into a folder; their names begin with {@code name}. */
  public static void write(Results results, Path folder, String name) {}
}
