package gpt.engine;

import gpt.GptException;
import gpt.sampling.ChainTrace;
import gpt.sampling.Logprobs;
import java.util.Optional;

/** What a step leaves for the caller, besides a longer sequence. */
public sealed interface Want {
  /** Keys and values only. */
  Want NOTHING = new Nothing();

  /** See {@link #NOTHING}. */
  record Nothing() implements Want {}

  /**
   * The logits that follow each of the last {@code rows} appended tokens, in order.
   *
   * @param rows 1 to the number of appended tokens
   */
  record Logits(int rows, LogitsReader reader) implements Want {}

  /**
   * The cross-entropy of known next tokens.
   *
   * @param targets the token that follows each of the last {@code targets.length} appended ones
   * @param losses receives −ln of each target's probability (targets.length), in nats; +∞ where
   *     that is 0
   */
  record Losses(int[] targets, double[] losses) implements Want {}

  /**
   * The likeliest next tokens by the model itself, before any step of the chain.
   *
   * @param n how many
   * @param reader receives them, the likeliest first, of equals the lowest id first
   */
  record Candidates(int n, CandidatesReader reader) implements Want {}

  /**
   * The attention weights softmax(Q Kᵀ / √hs) of one head, for every appended token.
   *
   * @param layer index of the block, 0 being the first
   * @param head index of the head in it
   */
  record Attention(int layer, int head, AttentionReader reader) implements Want {}

  /**
   * The residual stream, for every appended token.
   *
   * @param layer the block that it enters: 0 is the embeddings, n_layer what the last block leaves
   */
  record Residual(int layer, ResidualReader reader) implements Want {}

  /** The next token, drawn as the sequence's {@link Sequence#drawing} says. */
  final class Token implements Want {
    private final boolean traced;
    private int step;
    private int id;
    private Logprobs logprobs;
    private ChainTrace trace;
    private GptException failure;

    /**
     * A want that can be used for one token after another.
     *
     * @param traced whether each step of the chain is kept
     */
    public Token(boolean traced) {
      this.traced = traced;
    }

    /**
     * Sets the index of the token in its text, 0 being the first new one.
     *
     * @return this
     */
    public Token at(int step) {
      this.step = step;
      return this;
    }

    /** Index of the token in its text. */
    public int step() {
      return step;
    }

    /** Whether each step of the chain is kept. */
    public boolean traced() {
      return traced;
    }

    /**
     * The token.
     *
     * @throws GptException where none could be drawn
     */
    public int id() {
      if (failure != null) {
        throw failure;
      }
      return id;
    }

    /** Its log-probabilities; empty where the drawing has none. */
    public Optional<Logprobs> logprobs() {
      return Optional.ofNullable(logprobs);
    }

    /** How it was drawn; empty where it is not traced. */
    public Optional<ChainTrace> trace() {
      return Optional.ofNullable(trace);
    }

    /** Why none could be drawn: the logits are no numbers, or the chain bans every token. */
    public Optional<GptException> failure() {
      return Optional.ofNullable(failure);
    }

    /**
     * For engines: no token can be drawn.
     *
     * @param sample index of the text
     */
    public void failed(String why, int sample) {
      failure = new GptException(why + " (sample " + sample + ", new token " + (step + 1) + ")");
    }

    /** For engines: the token was drawn. Either of the others may be null. */
    public void drawn(int id, Logprobs logprobs, ChainTrace trace) {
      failure = null;
      this.id = id;
      this.logprobs = logprobs;
      this.trace = trace;
    }
  }

  /** Receives logits. */
  @FunctionalInterface
  interface LogitsReader {
    /**
     * Logits that follow position {@code pos} of the sequence.
     *
     * @param logits at least vocabSize floats of which the first vocabSize count; reused afterwards
     */
    void accept(int pos, float[] logits);
  }

  /** Receives a row's likeliest tokens. */
  @FunctionalInterface
  interface CandidatesReader {
    /** Both arrays (n) are the receiver's; log-probabilities are in nats. */
    void accept(int[] ids, double[] logProbabilities);
  }

  /** Receives attention weights. */
  @FunctionalInterface
  interface AttentionReader {
    /** {@code weights}: of the keys at positions 0 to {@code pos}, together 1; the receiver's. */
    void accept(int pos, float[] weights);
  }

  /** Receives the residual stream. */
  @FunctionalInterface
  interface ResidualReader {
    /** {@code x}: the stream at position {@code pos} (C); the receiver's. */
    void accept(int pos, float[] x);
  }
}
