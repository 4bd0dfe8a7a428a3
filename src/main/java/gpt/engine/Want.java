package gpt.engine;

import gpt.GptException;
import gpt.sampling.ChainTrace;
import gpt.sampling.Logprobs;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** What a step returns for a sequence, besides appending tokens to it. */
public sealed interface Want {
  /** Nothing: the step only computes keys and values. */
  Want NOTHING = new Nothing();

  /** See {@link #NOTHING}. */
  record Nothing() implements Want {}

  /**
   * The logits that follow each of the last {@code rows} appended tokens, in order.
   *
   * @param rows from 1 to the number of appended tokens
   * @param reader receives each row
   */
  record Logits(int rows, LogitsReader reader) implements Want {}

  /**
   * The cross-entropy loss of given next tokens.
   *
   * @param targets the token that follows each of the last {@code targets.length} appended ones
   * @param losses receives −ln of each target's probability (targets.length), in nats; +∞ where
   *     that is 0
   */
  record Losses(int[] targets, double[] losses) implements Want {}

  /**
   * The next tokens with the highest logits, before the sampling chain.
   *
   * @param n how many
   * @param reader receives them by descending probability, ties by ascending id
   */
  record Candidates(int n, CandidatesReader reader) implements Want {}

  /**
   * Activations inside the forward pass, of every appended token. Steps without a probe do no work
   * for it, and a probe changes no other result.
   */
  record Probe(ProbeReader reader) implements Want {}

  /** The next token, sampled by the sequence's {@link Sequence#drawing} parameters. */
  final class Token implements Want {
    private final boolean traced;
    private int step;
    private int id;
    private Logprobs logprobs;
    private ChainTrace trace;
    private GptException failure;

    /**
     * Creates a want that can be reused for one token after another.
     *
     * @param traced whether to record each step of the sampling chain
     */
    public Token(boolean traced) {
      this.traced = traced;
    }

    /**
     * Sets the index of the token in its completion, 0 for the first generated token.
     *
     * @return this
     */
    public Token at(int step) {
      this.step = step;
      return this;
    }

    /** Index of the token in its completion, 0 for the first generated token. */
    public int step() {
      return step;
    }

    /** Whether each step of the sampling chain is recorded. */
    public boolean traced() {
      return traced;
    }

    /**
     * The token.
     *
     * @throws GptException where no token could be drawn
     */
    public int id() {
      if (failure != null) {
        throw failure;
      }
      return id;
    }

    /** Its log-probabilities; empty where the drawing asks for none. */
    public Optional<Logprobs> logprobs() {
      return Optional.ofNullable(logprobs);
    }

    /** The steps of the sampling chain; empty unless traced. */
    public Optional<ChainTrace> trace() {
      return Optional.ofNullable(trace);
    }

    /** Why no token could be drawn: the logits are invalid, or every token is banned. */
    public Optional<GptException> failure() {
      return Optional.ofNullable(failure);
    }

    /**
     * For engines: records that no token can be drawn.
     *
     * @param sample index of the completion
     */
    public void failed(String why, int sample) {
      failure = new GptException(why + " (sample " + sample + ", new token " + (step + 1) + ")");
    }

    /** For engines: records the drawn token; {@code logprobs} and {@code trace} may be null. */
    public void drawn(int id, Logprobs logprobs, ChainTrace trace) {
      failure = null;
      this.id = id;
      this.logprobs = logprobs;
      this.trace = trace;
    }
  }

  /**
   * The tokens that follow the appended ones, as far as those were right: speculative decoding. The
   * first appended token is the one drawn last, the others are drafts. The token that follows the
   * first is sampled as {@link Token} says; if it equals the first draft, so is the one that
   * follows that draft, and so on. The sequence then holds all drafts; the client truncates it
   * after the last right one.
   */
  final class Verification implements Want {
    private final int firstStep;
    private final List<Token> tokens = new ArrayList<>();

    /**
     * Creates a want.
     *
     * @param firstStep index in its completion of the first token to be drawn
     */
    public Verification(int firstStep) {
      this.firstStep = firstStep;
    }

    /**
     * The drawn tokens, at least one: the drafts that were right, then the token that differs from
     * its draft or follows the last one.
     */
    public List<Token> tokens() {
      return Collections.unmodifiableList(tokens);
    }

    /**
     * For engines: the want of the token that follows appended token {@code row}, if all drafts up
     * to it were right.
     *
     * @param append the appended tokens
     */
    Optional<Token> next(int row, int[] append) {
      boolean right = row == tokens.size();
      if (right && row > 0) {
        Token last = tokens.getLast();
        right = last.failure().isEmpty() && last.id() == append[row];
      }
      if (!right) {
        return Optional.empty();
      }
      Token token = new Token(false).at(firstStep + row);
      tokens.add(token);
      return Optional.of(token);
    }
  }

  /** Receives logits. */
  @FunctionalInterface
  interface LogitsReader {
    /**
     * Receives the logits that follow position {@code pos} of the sequence.
     *
     * @param logits at least vocabSize floats, of which the first vocabSize are valid; reused after
     *     the call
     */
    void accept(int pos, float[] logits);
  }

  /** Receives a row's likeliest tokens. */
  @FunctionalInterface
  interface CandidatesReader {
    /** Both arrays (n) belong to the receiver; log-probabilities are in nats. */
    void accept(int[] ids, double[] logProbabilities);
  }

  /** Receives activations. */
  interface ProbeReader {
    /** Whether a site of a layer is wanted. The answer may not change during a step. */
    boolean wants(Site site, int layer);

    /**
     * Receives the activations of the token at position {@code pos}, in the order of layers, then
     * sites, then positions.
     *
     * @param values in the site's shape; belongs to the receiver
     */
    void accept(Site site, int layer, int pos, float[] values);
  }
}
