package gpt.cli.options;

import java.util.function.Function;
import picocli.CommandLine.ParameterException;

/** Lists of numbers on the command line: 6,2,-0.5. */
public final class NumberList {
  private NumberList() {}

  /**
   * Parses numbers separated by commas, spaces or both, with or without brackets around the list.
   *
   * @param what begins the message of an error: the option or the argument
   * @param usage makes the error of a wrong command line
   */
  public static double[] parse(
      String what, String list, Function<String, ParameterException> usage) {
    String[] parts = list.strip().replaceAll("^\\[\\s*|\\s*]$", "").split("\\s*,\\s*|\\s+", -1);
    double[] numbers = new double[parts.length];
    for (int i = 0; i < parts.length; i++) {
      try {
        numbers[i] = parts[i].equals("-inf") ? Double.NEGATIVE_INFINITY : Numbers.real(parts[i]);
      } catch (RuntimeException e) {
        throw usage.apply(
            what + ": expected numbers separated by commas, as 6,2,-0.5, found '" + parts[i] + "'");
      }
    }
    return numbers;
  }
}
