package gpt.checkpoint;

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
 * The note on tensors that stand in a file and are no part of the model: LoRA adapters, layers
 * beyond n_layer, another task's head. Names that differ in their layer's number are one: {@code
 * h.{2, 3}.ln_1.weight}.
 */
final class UnusedTensors {
  /** Names that a note has. */
  private static final int MAX_NAMES = 8;

  private static final Pattern LAYER = Pattern.compile("(.*?\\.)(\\d{1,9})(\\..*)");

  /** What stands around a layer's number. */
  private record Around(String before, String after) {}

  private UnusedTensors() {}

  /**
   * One note, or none where every tensor is used.
   *
   * @param names of the tensors that no weight was read from
   */
  static List<String> note(Path file, Collection<String> names) {
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
    Map<Around, TreeSet<Integer>> layers = new LinkedHashMap<>();
    for (String name : names) {
      Matcher m = LAYER.matcher(name);
      Around around = m.matches() ? new Around(m.group(1), m.group(3)) : new Around(name, "");
      TreeSet<Integer> numbers = layers.computeIfAbsent(around, key -> new TreeSet<>());
      if (m.matches()) {
        numbers.add(Integer.parseInt(m.group(2)));
      }
    }
    List<String> out = new ArrayList<>();
    layers.forEach((around, in) -> out.add(around.before() + range(in) + around.after()));
    return out;
  }

  /** {@code 2}, {@code {2, 3}} or, of three or more, {@code {2...11}} as transformers writes it. */
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
