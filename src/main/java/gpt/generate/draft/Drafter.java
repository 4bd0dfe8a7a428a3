package gpt.generate.draft;

import gpt.engine.Engine;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Supplier;

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
   * @param open opens an engine that steps the sequences of the completions' engine; called by
   *     {@link #prepare} on another thread. {@link #close} closes the engine
   */
  public static Drafter self(Supplier<Engine> open) {
    return new SelfDrafter(open);
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

  /**
   * Begins in the background what must be done before there are drafts, once. Where that takes
   * long, it is called only once enough tokens are to be decoded.
   */
  public void prepare() {}

  /** False before drafts are prepared, and while the JIT has not compiled what they run. */
  public boolean isWarm() {
    return true;
  }

  /** Whether there is something to propose for a completion whose next token is to be decoded. */
  boolean proposes(DraftedCompletion completion) {
    return true;
  }

  /**
   * The share of the drafts that will be right, where that is known without verifying any.
   *
   * @param completions those that have drafts
   */
  OptionalDouble share(List<DraftedCompletion> completions) {
    return OptionalDouble.empty();
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
