package gpt.checkpoint.format;

import gpt.checkpoint.files.Fault;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The note on tensors in a file that the model does not use: LoRA adapters, layers from n_layer on,
 * the head of another task. Names that differ only in the layer's number are listed as one: {@code
 * h.{2, 3}.ln_1.weight}.
 */
public final class UnusedTensors {
  /** Maximum number of names in a note. */
  private static final int MAX_NAMES = 8;

  private static final Pattern LAYER = Pattern.compile("(.*?\\.)(\\d{1,9})(\\..*)");

  /** The parts of a name before and after the layer's number. */
  private record NameParts(String before, String after) {}

  private UnusedTensors() {}

  /**
   * One note, or none if every tensor is used.
   *
   * @param names of the unused tensors
   */
  public static List<String> note(Path file, Collection<String> names) {
    if (names.isEmpty()) {
      return List.of();
    }
    List<String> grouped = grouped(names);
    int more = grouped.size() - MAX_NAMES;
    return List.of(
        Fault.line(
            file,
            "%d %s not used by the model: %s%s"
                .formatted(
                    names.size(),
                    names.size() == 1 ? "tensor is" : "tensors are",
                    String.join(", ", grouped.subList(0, Math.min(MAX_NAMES, grouped.size()))),
                    more > 0 ? " and " + more + " more names" : "")));
  }

  private static List<String> grouped(Collection<String> names) {
    Map<NameParts, TreeSet<Integer>> layers = new LinkedHashMap<>();
    for (String name : names) {
      Matcher m = LAYER.matcher(name);
      NameParts parts =
          m.matches() ? new NameParts(m.group(1), m.group(3)) : new NameParts(name, "");
      TreeSet<Integer> numbers = layers.computeIfAbsent(parts, key -> new TreeSet<>());
      if (m.matches()) {
        numbers.add(Integer.parseInt(m.group(2)));
      }
    }
    List<String> out = new ArrayList<>();
    layers.forEach((parts, in) -> out.add(parts.before() + range(in) + parts.after()));
    return out;
  }

  /**
   * {@code 2}, {@code {2, 3}} or, for three or more in a row, {@code {2...11}} as transformers
   * does.
   */
  private static String range(TreeSet<Integer> numbers) {
    if (numbers.size() < 2) {
      return numbers.isEmpty() ? "" : numbers.first().toString();
    }
    boolean gapless = numbers.last() - numbers.first() == numbers.size() - 1;
    if (gapless && numbers.size() > 2) {
      return "{" + numbers.first() + "..." + numbers.last() + "}";
    }
    return "{" + String.join(", ", numbers.stream().map(String::valueOf).toList()) + "}";
  }
}
