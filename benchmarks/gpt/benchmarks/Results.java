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
 * What a run found.
 *
 * @param complete whether all rows were measured: false in what an interrupted run leaves
 * @param probes of each device in the order of their rows
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
   * What the row's device could do at that time: the mean of the probe before it and the one behind
   * it.
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
   * @throws GptException where it is none
   */
  public static Results read(Path file) {
    try {
      Results results = GSON.fromJson(Files.readString(file), Results.class);
      if (results == null || results.conditions == null || results.rows == null) {
        throw new GptException(file + ": no results of scripts/bench");
      }
      return results;
    } catch (IOException e) {
      throw new GptException(file + ": cannot be read: " + e.getMessage(), e);
    } catch (JsonParseException e) {
      throw new GptException(file + ": is not JSON as scripts/bench writes it", e);
    }
  }

  /** As JSON, a line for each row. */
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

  /** Writes a file that gets its name when it is complete. */
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
