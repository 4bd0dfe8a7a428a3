package gpt.cli.options;

import gpt.GptException;

/** Lists of tokens on the command line: 5,17,3. */
public final class IdList {
  private IdList() {}

  /**
   * The ids of a list.
   *
   * @param option where the list stands
   */
  public static int[] parse(String option, String list) throws PromptOptions.InvalidException {
    String[] parts = list.split(",", -1);
    int[] ids = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      String part = parts[i].strip();
      if (!part.matches("[0-9]{1,9}")) {
        throw new PromptOptions.InvalidException(
            option + ": expected numbers with commas between, as 5,17,3, found '" + part + "'");
      }
      ids[i] = Integer.parseInt(part);
    }
    return ids;
  }

  /**
   * Refuses ids that are not below {@code size}, as a text is refused for characters that the
   * vocabulary lacks: the command line is right, for another model.
   *
   * @param whose "this model's"
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
