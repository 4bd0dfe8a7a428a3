package gpt.generate;

import gpt.engine.Engine;
import gpt.model.GptConfig;
import java.util.List;
import java.util.function.Function;

/** How clients come to an engine, which one thread at a time steps. */
interface EngineAccess {

  /** The model's shape. */
  GptConfig config();

  /** Sequences that can be open at once. */
  int capacity();

  /** Begins to decode the texts of one request. */
  Decoding decode();

  /**
   * Lets a client step sequences of its own.
   *
   * @param sequences how many it has open at most
   * @param client its engine is valid during the call
   */
  <T> T call(int sequences, Function<Engine, T> client);

  /** Texts of one request that are decoded. */
  interface Decoding extends AutoCloseable {

    /** More texts at once decode each no faster. */
    int together();

    /** Adds texts. */
    void add(List<RunningCompletion> completions);

    /**
     * Returns once more of a text may be ready.
     *
     * @throws gpt.GptException where the thread is interrupted
     */
    void advance(Delivery delivery);

    /** Ends the texts that have not ended. */
    @Override
    void close();
  }
}
