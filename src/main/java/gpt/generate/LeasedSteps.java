package gpt.generate;

import gpt.engine.Engine;
import gpt.engine.Work;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;

/**
 * The steps of {@link LeasedEngine}s that wait for the engine's thread. Those that wait at the same
 * time run as one step, so that each weight is read once for the prompts of several clients. Used
 * by the engine's thread only.
 */
final class LeasedSteps {
  private final Queue<Step> waiting = new ArrayDeque<>();

  /** A client's step; {@code done} is completed when it has run. */
  private record Step(List<Work> work, CompletableFuture<Void> done) {
    int rows() {
      return work.stream().mapToInt(Work::tokens).sum();
    }

    void run(Engine engine) {
      try {
        engine.step(work);
        done.complete(null);
      } catch (Throwable e) {
        done.completeExceptionally(e);
      }
    }
  }

  /** Adds a step; {@code done} is completed when it has run. */
  void add(List<Work> work, CompletableFuture<Void> done) {
    waiting.add(new Step(work, done));
  }

  /** Whether no step waits. */
  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /**
   * Runs steps that wait, in the order of their arrival: as many as have {@link
   * Scheduler#PROMPT_ROWS} rows together, and at least one. If that fails, each runs alone, so that
   * one client's error is not another's; readers of results may be called twice then.
   */
  void run(Engine engine) {
    List<Step> steps = new ArrayList<>();
    int rows = 0;
    while (!waiting.isEmpty()
        && (steps.isEmpty() || rows + waiting.element().rows() <= Scheduler.PROMPT_ROWS)) {
      rows += waiting.element().rows();
      steps.add(waiting.remove());
    }
    if (steps.size() > 1) {
      try {
        engine.step(steps.stream().flatMap(step -> step.work.stream()).toList());
        steps.forEach(step -> step.done.complete(null));
        return;
      } catch (Throwable e) {
        // Whose error it is shows below.
      }
    }
    steps.forEach(step -> step.run(engine));
  }

  void fail(RuntimeException why) {
    waiting.forEach(step -> step.done.completeExceptionally(why));
    waiting.clear();
  }
}
