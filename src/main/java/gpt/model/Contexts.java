package gpt.model;

import gpt.GptException;

/** The checks that every engine makes on its work. */
public final class Contexts {
  private Contexts() {}

  /**
   * Ids to append must be in the vocabulary, and fit into the context.
   *
   * @param length tokens in the context
   * @param tokens that are appended: one where there are no ids, the token drawn last
   */
  public static void checkAppend(GptConfig config, int length, int tokens, int[] ids) {
    if (tokens > config.blockSize() - length) {
      throw new GptException(
          "the context holds "
              + config.blockSize()
              + " tokens: "
              + length
              + " are in it and "
              + tokens
              + " more do not fit");
    }
    checkIds(config, ids);
  }

  private static void checkIds(GptConfig config, int[] ids) {
    for (int id : ids) {
      if (id < 0 || id >= config.vocabSize()) {
        throw new GptException(
            "token id "
                + id
                + " is outside the model's vocabulary of "
                + config.vocabSize()
                + " (0 to "
                + (config.vocabSize() - 1)
                + ")");
      }
    }
  }

  /** Targets are ids too, at most one for each that is appended. */
  public static void checkTargets(GptConfig config, int tokens, int[] targets) {
    if (targets.length > tokens) {
      throw new IllegalArgumentException(targets.length + " targets for " + tokens + " tokens");
    }
    checkIds(config, targets);
  }

  /** Why an engine does nothing any more. */
  public static IllegalStateException closed() {
    return new IllegalStateException("the engine is closed, and its model freed; open another");
  }

  /** A context can only be cut to a length it has. */
  public static int checkTruncate(int length, int to) {
    if (to < 0 || to > length) {
      throw new IllegalArgumentException("cannot cut a context of " + length + " to " + to);
    }
    return to;
  }
}
