package gpt.cli.options;

import gpt.GptException;

/** Lists of token ids on the command line: 5,17,3. */
public final class IdList {
  private IdList() {}

  /**
   * Parses a list.
   *
   * @param option the option's name, for errors
   */
  public static int[] parse(String option, String list) {
    String[] parts = list.split(",", -1);
    int[] ids = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      String part = parts[i].strip();
      if (!part.matches("[0-9]{1,9}")) {
        throw new UsageException(
            option + ": expected numbers separated by commas, as 5,17,3, found '" + part + "'");
      }
      ids[i] = Integer.parseInt(part);
    }
    return ids;
  }

  /**
   * Refuses ids that are not below {@code size}. This is a failure and not a usage error: the same
   * command line is right for a model with a larger vocabulary.
   *
   * @param whose begins the message, "this model's"
   */
  public static void check(String option, String whose, int[] ids, int size) {
    for (int id : ids) {
      if (id >= size) {
        throw new GptException(
            option + ": " + whose + " ids go from 0 to " + (size - 1) + ", found " + id);
      }
    }
  }
}
