package gpt.generate;

/** Receives figures of a scheduler, on the engine's thread, which waits for it. */
public interface SchedulerListener {
  /** Ignores everything. */
  SchedulerListener NONE = new SchedulerListener() {};

  /**
   * Called when a completion has got its sequence.
   *
   * @param promptTokens tokens of its prompt
   * @param reused number of these whose keys and values another sequence already holds
   */
  default void started(int promptTokens, int reused) {}

  /**
   * Called when completions have joined or left.
   *
   * @param waiting completions in the queue
   * @param active completions that are decoded together
   */
  default void load(int waiting, int active) {}

  /**
   * Called after each step.
   *
   * @param sequences sequences that the step extended
   * @param rows tokens that it appended to them
   * @param nanos its duration
   */
  default void stepped(int sequences, int rows, long nanos) {}
}
