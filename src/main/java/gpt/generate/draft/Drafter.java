package gpt.generate.draft;

import gpt.engine.Engine;
import java.util.List;

/**
 * Guesses the next tokens of completions for speculative decoding: a step verifies several guesses
 * at once, which takes hardly longer than one token because it reads the weights once. A wrong
 * guess costs time but never changes a completion.
 */
public abstract class Drafter implements AutoCloseable {
  private long drafts;
  private long right;

  Drafter() {}

  /** Continues the last tokens as they were continued before: for text that repeats itself. */
  public static Drafter ngram() {
    return new NgramDrafter();
  }

  /**
   * Draws the drafts with the same model in a lower precision, from the keys and values of the
   * completion's own sequence. It draws with the completion's sampling parameters and random
   * numbers, so that equal probabilities give equal tokens.
   *
   * @param engine steps the sequences of the completions' engine; {@link #close} closes it
   */
  public static Drafter self(Engine engine) {
    return new SelfDrafter(engine);
  }

  /**
   * Draws the drafts with another model, which must have the same vocabulary, as {@link #self}
   * does, but from sequences of its own.
   *
   * @param engine a CPU engine; {@link #close} closes it
   */
  public static Drafter model(Engine engine) {
    return new ModelDrafter(engine);
  }

  /** False while drafts are slow because the JIT has not compiled what they run. */
  public boolean isWarm() {
    return true;
  }

  /** Reads what the completions have and drafts lack; not part of a draft's measured time. */
  void catchUp(List<DraftedCompletion> completions) {}

  /**
   * Sets the drafts of completions whose next token is to be decoded.
   *
   * @param max maximum number of drafts of each; at least 1. {@link DraftedCompletion#maxDrafts}
   *     applies too
   */
  abstract void draft(List<DraftedCompletion> completions, int max);

  /** Counts verified drafts, of which the first {@code firstRight} were right. */
  final void count(int verified, int firstRight) {
    drafts += verified;
    right += firstRight;
  }

  /** Number of drafts that were verified. */
  public final long drafts() {
    return drafts;
  }

  /** How many of them were right. */
  public final long right() {
    return right;
  }

  /** Frees what belongs to a completion that has ended. */
  abstract void ended(DraftedCompletion completion);

  @Override
  public abstract void close();
}
