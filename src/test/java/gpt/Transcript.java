package gpt;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Compares a command's output with the output that a document shows.
 *
 * <p>Lines must be equal, except for numbers that depend on the machine: see {@link #shape}. A line
 * {@code …} stands for any number of lines.
 */
final class Transcript {
  static final String GAP = "…";

  /** A number followed by a unit of time or speed: {@code 0.05 s}, {@code 1,203 tokens/s}. */
  private static final Pattern MEASURED =
      Pattern.compile("\\d[\\d.,]*(?= ?(?:s|ms|µs|tokens/s|GB/s|GFLOP/s)(?![\\p{L}/]))");

  /** The value of a JSON field that is a time or a speed: {@code "load_s":0.2}. */
  private static final Pattern MEASURED_FIELD =
      Pattern.compile("(?<=_s\": ?)(?:-?\\d[\\d.eE+-]*|null)|(?<=\"_ns\": ?)\\d+");

  /** The columns of {@code gpt bench} that depend on the machine. */
  private static final Set<String> MEASURED_COLUMNS =
      Set.of("threads", "t/s", "ttft ms", "GB/s", "share", "GFLOP/s");

  private Transcript() {}

  /** Replaces each number that depends on the machine by {@code #}. */
  static List<String> shape(List<String> lines) {
    List<String> shaped = new ArrayList<>();
    List<String> header = List.of();
    for (String line : lines) {
      if (line.startsWith("|")) {
        List<String> cells = cells(line);
        header = header.isEmpty() ? cells : header;
        shaped.add(row(header, cells));
      } else {
        header = List.of();
        String times = MEASURED.matcher(line).replaceAll("#");
        shaped.add(MEASURED_FIELD.matcher(times).replaceAll("#").stripTrailing());
      }
    }
    return shaped;
  }

  private static List<String> cells(String line) {
    List<String> cells = new ArrayList<>();
    for (String cell : line.substring(1).split("\\|")) {
      // The rule below a header is as wide as its column.
      cells.add(cell.strip().replaceAll("-+(?=:?$)", "-"));
    }
    return cells;
  }

  private static String row(List<String> header, List<String> cells) {
    StringBuilder row = new StringBuilder();
    for (int i = 0; i < cells.size(); i++) {
      boolean measured = i < header.size() && MEASURED_COLUMNS.contains(header.get(i));
      String cell = cells.get(i);
      row.append('|').append(measured ? cell.replaceAll("\\d[\\d.,]*", "#") : cell);
    }
    return row.toString();
  }

  /** Whether the output matches a document's lines. */
  static boolean matches(List<String> expected, List<String> actual) {
    return matchesShaped(shape(trimmed(expected)), shape(trimmed(actual)));
  }

  private static boolean matchesShaped(List<String> expected, List<String> actual) {
    if (expected.isEmpty()) {
      return actual.isEmpty();
    }
    List<String> rest = expected.subList(1, expected.size());
    if (!expected.getFirst().equals(GAP)) {
      return !actual.isEmpty()
          && actual.getFirst().equals(expected.getFirst())
          && matchesShaped(rest, actual.subList(1, actual.size()));
    }
    for (int skipped = 0; skipped <= actual.size(); skipped++) {
      if (matchesShaped(rest, actual.subList(skipped, actual.size()))) {
        return true;
      }
    }
    return false;
  }

  /** Both side by side, with a {@code !} before each pair of lines that differ. */
  static String sideBySide(List<String> expected, List<String> actual) {
    List<String> left = trimmed(expected);
    List<String> right = trimmed(actual);
    List<String> leftShape = shape(left);
    List<String> rightShape = shape(right);
    // Aligns the common lines at the beginning and at the end.
    int common = Math.min(left.size(), right.size());
    int tail = 0;
    int head = 0;
    while (head < common && leftShape.get(head).equals(rightShape.get(head))) {
      head++;
    }
    while (tail < common - head
        && leftShape.get(left.size() - 1 - tail).equals(rightShape.get(right.size() - 1 - tail))) {
      tail++;
    }
    int width = Math.min(100, left.stream().mapToInt(String::length).max().orElse(0));
    width = Math.max(width, "the document".length());
    StringBuilder out = new StringBuilder();
    out.append(("  %-" + width + "s | %s%n").formatted("the document", "the command"));
    int rows = Math.max(left.size(), right.size());
    for (int i = 0; i < rows; i++) {
      String a = cell(left, i, rows, tail);
      String b = cell(right, i, rows, tail);
      boolean same =
          i >= rows - tail
              || (a != null && b != null && leftShape.get(i).equals(rightShape.get(i)));
      out.append(same || GAP.equals(a) ? ' ' : '!');
      out.append((" %-" + width + "s | %s%n").formatted(a == null ? "" : a, b == null ? "" : b));
    }
    return out.toString();
  }

  private static String cell(List<String> lines, int row, int rows, int tail) {
    if (row >= rows - tail) {
      return lines.get(lines.size() - (rows - row));
    }
    return row < lines.size() - tail ? lines.get(row) : null;
  }

  /**
   * The lines that a document should show: all, or around a gap as many as before.
   *
   * @return null if it has several gaps
   */
  static List<String> rewritten(List<String> expected, List<String> actual) {
    List<String> printed = trimmed(actual);
    int gap = expected.indexOf(GAP);
    if (gap < 0) {
      return printed;
    }
    int tail = expected.size() - 1 - gap;
    if (gap != expected.lastIndexOf(GAP) || gap + tail > printed.size()) {
      return null;
    }
    List<String> lines = new ArrayList<>(printed.subList(0, gap));
    lines.add(GAP);
    lines.addAll(printed.subList(printed.size() - tail, printed.size()));
    return lines;
  }

  /** Removes trailing spaces and trailing blank lines. */
  private static List<String> trimmed(List<String> lines) {
    List<String> all = new ArrayList<>(lines.stream().map(String::stripTrailing).toList());
    while (!all.isEmpty() && all.getLast().isEmpty()) {
      all.removeLast();
    }
    return all;
  }
}
