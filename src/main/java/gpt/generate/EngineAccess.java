package gpt.generate;

import gpt.engine.Engine;
import gpt.model.GptConfig;
import java.util.List;
import java.util.function.Function;

/** Access to an engine: exclusive to one thread, or shared by many. */
interface EngineAccess {

  /** The model's shape. */
  GptConfig config();

  /** Maximum number of open sequences. */
  int capacity();

  /** Starts decoding the completions of a request. */
  Decoding decode();

  /**
   * Calls a client that opens and steps sequences itself.
   *
   * @param sequences maximum number of sequences that the client has open at once
   * @param client receives an engine that is valid during the call
   */
  <T> T call(int sequences, Function<Engine, T> client);

  /** The completions of one request while they are decoded. */
  interface Decoding extends AutoCloseable {

    /** Number of completions to decode at once; more do not raise the throughput. */
    int batchSize();

    void add(List<RunningCompletion> completions);

    /**
     * Runs a step, or waits for one: returns when a delivery may have new tokens.
     *
     * @throws gpt.GptException if the thread is interrupted
     */
    void advance(Delivery delivery);

    /** Ends the completions that still run. */
    @Override
    void close();
  }
}
