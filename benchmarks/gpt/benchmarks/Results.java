package gpt.benchmarks;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import gpt.GptException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The results of a run.
 *
 * @param conditions of the run
 * @param complete whether all rows were measured; false in the partial file of an interrupted run
 * @param probes all probes, in the order of the rows they precede
 * @param rows the measured rows
 * @param leftOut the rows left out, with the reason
 */
public record Results(
    Conditions conditions,
    boolean complete,
    List<Probe> probes,
    List<Row> rows,
    List<Plan.LeftOut> leftOut) {

  private static final Gson GSON =
      new GsonBuilder().serializeSpecialFloatingPointValues().disableHtmlEscaping().create();

  /**
   * The bandwidth and throughput of a row's device: the mean of the probes before and after the
   * row.
   */
  public Probe probe(int row) {
    String device = rows.get(row).spec().device();
    List<Probe> own = probes.stream().filter(p -> p.device().equals(device)).toList();
    Optional<Probe> before =
        own.stream().filter(p -> p.firstRow() <= row).reduce((first, second) -> second);
    Optional<Probe> after = own.stream().filter(p -> p.firstRow() > row).findFirst();
    Probe a = before.or(() -> after).orElseThrow();
    Probe b = after.orElse(a);
    return new Probe(
        device,
        row,
        (a.copy() + b.copy()) / 2,
        (a.read() + b.read()) / 2,
        (a.peak() + b.peak()) / 2);
  }

  /**
   * Reads a file of results.
   *
   * @throws GptException where the file cannot be read or has no results
   */
  public static Results read(Path file) {
    try {
      Results results = GSON.fromJson(Files.readString(file), Results.class);
      if (results == null || results.conditions == null || results.rows == null) {
        throw new GptException(file + ": expected results of scripts/bench, found none");
      }
      return results;
    } catch (IOException e) {
      throw new GptException(file + ": cannot be read: " + e.getMessage(), e);
    } catch (JsonParseException e) {
      throw new GptException(
          file + ": expected JSON that scripts/bench wrote, found something else", e);
    }
  }

  /** JSON with one line per row. */
  public String toJson() {
    return "{\"conditions\": "
        + new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeSpecialFloatingPointValues()
            .create()
            .toJson(conditions)
        + ",\n\"complete\": "
        + complete
        + ",\n\"probes\": "
        + lines(probes)
        + ",\n\"rows\": "
        + lines(rows)
        + ",\n\"leftOut\": "
        + lines(leftOut)
        + "}\n";
  }

  private static String lines(List<?> items) {
    return items.stream().map(GSON::toJson).collect(Collectors.joining(",\n", "[\n", "\n]"));
  }

  /** Writes a file atomically: it gets its name when it is complete. */
  public static void write(Path file, byte[] content) {
    Path partial =
        file.resolveSibling("." + file.getFileName() + "." + ProcessHandle.current().pid());
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      try {
        Files.write(partial, content);
        Files.move(
            partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(partial);
      }
    } catch (IOException e) {
      throw new GptException(file + ": cannot be written: " + e.getMessage(), e);
    }
  }
}
