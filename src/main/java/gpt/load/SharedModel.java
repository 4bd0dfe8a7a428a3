package gpt.load;

import gpt.generate.SchedulerListener;
import gpt.generate.SharedEngine;
import gpt.generate.draft.Drafter;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A model that has been loaded onto an engine that many threads use.
 *
 * @param engine closes the model
 */
public record SharedModel(SharedEngine engine, LoadedModel loaded) {
  /**
   * Loads a model on the thread of a new shared engine.
   *
   * @param maxSequences maximum number of completions that are decoded together
   * @param drafter opens what guesses tokens for the model, if anything does
   * @param figures receives the scheduler's figures
   * @throws RuntimeException what {@code load} and {@code drafter} throw
   */
  public static SharedModel load(
      Supplier<LoadedModel> load,
      int maxSequences,
      Function<LoadedModel, Optional<Drafter>> drafter,
      SchedulerListener figures) {
    LoadedModel[] loaded = new LoadedModel[1];
    SharedEngine engine =
        new SharedEngine(
            () -> {
              loaded[0] = load.get();
              return loaded[0].engine();
            },
            maxSequences,
            () -> drafter.apply(loaded[0]),
            figures);
    return new SharedModel(engine, loaded[0]);
  }
}
