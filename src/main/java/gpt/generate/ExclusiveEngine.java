package gpt.generate;

import gpt.engine.Engine;
import gpt.generate.draft.Speculation;
import gpt.model.GptConfig;
import java.util.List;
import java.util.function.Function;

/**
 * An engine used by one thread, for one request at a time.
 *
 * @param speculation drafts tokens; null for no drafts
 */
record ExclusiveEngine(Engine engine, Speculation speculation) implements EngineAccess {

  @Override
  public GptConfig config() {
    return engine.config();
  }

  @Override
  public int capacity() {
    return engine.capacity();
  }

  @Override
  public <T> T call(int sequences, Function<Engine, T> client) {
    return client.apply(engine);
  }

  @Override
  public Decoding decode() {
    Scheduler scheduler =
        new Scheduler(engine, engine.batchSize(), speculation, SchedulerListener.NONE);
    return new Decoding() {
      @Override
      public int batchSize() {
        return engine.batchSize();
      }

      @Override
      public void add(List<RunningCompletion> completions) {
        scheduler.add(completions);
      }

      @Override
      public void advance(Delivery delivery) {
        scheduler.step(true);
      }

      @Override
      public void close() {
        scheduler.close();
      }
    };
  }
}
