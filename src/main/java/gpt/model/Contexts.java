package gpt.model;

import gpt.GptException;

/** Checks of a step's input that all engines share. */
public final class Contexts {
  private Contexts() {}

  /**
   * Checks that ids are in the vocabulary and fit into the context window.
   *
   * @param length tokens in the sequence
   * @param tokens number of tokens to append: {@code ids.length}, or 1 for the token drawn last
   * @param ids the tokens to append; empty for the token drawn last
   */
  public static void checkAppend(GptConfig config, int length, int tokens, int[] ids) {
    if (tokens > config.blockSize() - length) {
      throw new GptException(
          "the context window holds "
              + config.blockSize()
              + " tokens: "
              + length
              + " are used and "
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

  /** Checks that there is at most one target per appended token, each in the vocabulary. */
  public static void checkTargets(GptConfig config, int tokens, int[] targets) {
    if (targets.length > tokens) {
      throw new IllegalArgumentException(targets.length + " targets for " + tokens + " tokens");
    }
    checkIds(config, targets);
  }

  /** The exception of calls to a closed engine. */
  public static IllegalStateException closed() {
    return new IllegalStateException("the engine is closed and its model freed; open a new engine");
  }

  /** Checks that a sequence is truncated to a length from 0 to its own; returns {@code to}. */
  public static int checkTruncate(int length, int to) {
    if (to < 0 || to > length) {
      throw new IllegalArgumentException(
          "cannot truncate a sequence of " + length + " tokens to " + to);
    }
    return to;
  }
}
