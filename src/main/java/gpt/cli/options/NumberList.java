package gpt.cli.options;

/** Lists of numbers on the command line: 6,2,-0.5. */
public final class NumberList {
  private NumberList() {}

  /**
   * Parses numbers separated by commas, spaces or both, with or without brackets around the list.
   *
   * @param what begins the message of an error: the option or the argument
   */
  public static double[] parse(String what, String list) {
    String[] parts = list.strip().replaceAll("^\\[\\s*|\\s*]$", "").split("\\s*,\\s*|\\s+", -1);
    double[] numbers = new double[parts.length];
    for (int i = 0; i < parts.length; i++) {
      try {
        numbers[i] = parts[i].equals("-inf") ? Double.NEGATIVE_INFINITY : Numbers.real(parts[i]);
      } catch (RuntimeException e) {
        throw new UsageException(
            what + ": expected numbers separated by commas, as 6,2,-0.5, found '" + parts[i] + "'");
      }
    }
    return numbers;
  }
}
