package gpt.model;

import gpt.sampling.Drawing;
import gpt.sampling.Logprobs;
import java.util.Optional;

/** A device that holds a model's weights and runs its forward pass. Not thread-safe. */
public interface Backend extends AutoCloseable {

  /** The model's shape. */
  GptConfig config();

  /** The device in a word or two, as it stands in output: {@code cpu}. */
  String device();

  /** How the weights are kept: {@code f32}. */
  String dtype();

  /** An empty context with its own KV cache. Sessions share the weights. */
  Session newSession();

  /** Contexts that can be open at once, as far as that is known beforehand. */
  default int contexts() {
    return Integer.MAX_VALUE;
  }

  /** Texts that this backend advances together: how large a {@link Batch} may be. */
  default int batchSize() {
    return 1;
  }

  /**
   * Texts whose tokens the backend draws itself. No session may be open beside it.
   *
   * @param texts how many, at most {@link #batchSize}
   * @return empty where the backend leaves drawing to the host, always or with these parameters
   */
  default Optional<Batch> newBatch(Drawing drawing, int texts) {
    return Optional.empty();
  }

  /**
   * Beams whose candidates the backend chooses itself. No session may be open beside them.
   *
   * @param beams B
   * @return empty where the backend leaves that to the host, always or with these parameters
   */
  default Optional<BeamBatch> newBeams(Drawing drawing, int beams) {
    return Optional.empty();
  }

  /**
   * Frees the weights; a second time does nothing. From then on new sessions, and those that are
   * open, throw an {@link IllegalStateException}.
   */
  @Override
  void close();

  /**
   * A context being extended. Logits are arrays of at least vocabSize floats, valid until the next
   * call on the same backend; only the first vocabSize count.
   */
  interface Session extends AutoCloseable {

    /** Tokens in the context, from 0 to blockSize. */
    int length();

    /**
     * Appends tokens in one batched pass.
     *
     * @param ids at least one id, and no more than fit into blockSize
     * @return the logits that follow the last one (vocabSize)
     */
    float[] prefill(int[] ids);

    /**
     * As {@link #prefill(int[])}, and hands over the logits of every appended position in order.
     */
    void prefill(int[] ids, PositionLogits each);

    /**
     * As {@link #prefill(int[])}, and hands over what one head looks at: softmax(Q Kᵀ / √hs) of
     * every appended position in order, the very numbers that the pass computes with.
     *
     * @param layer index of the block, 0 being the first
     * @param head index of the head in it
     * @return the logits that follow the last token (vocabSize)
     * @throws IndexOutOfBoundsException where the model has no such layer or head
     * @throws UnsupportedOperationException where the backend never holds these numbers
     */
    default float[] prefill(int[] ids, int layer, int head, AttentionRow each) {
      throw new UnsupportedOperationException("no attention weights on this backend");
    }

    /**
     * Appends tokens, and says how badly what is known to follow them is foretold.
     *
     * @param ids at least one id, and no more than fit into blockSize
     * @param targets the token that follows each of the last {@code targets.length} of them
     * @return −ln of the probability of each target (targets.length), in nats; +∞ for none at all
     * @throws gpt.sampling.InvalidLogitsException where a logit is NaN or +∞, or all are −∞
     */
    double[] losses(int[] ids, int[] targets);

    /**
     * Appends one token.
     *
     * @return the logits that follow it (vocabSize)
     */
    float[] decode(int id);

    /** Forgets all but the first {@code length} tokens, so that a prompt can be continued again. */
    void truncate(int length);

    /**
     * Forgets its tokens and takes over those of another context of the same backend, with their
     * keys and values: what either appends afterwards the other does not see.
     *
     * @throws IllegalArgumentException where the other one is another backend's
     */
    void copyFrom(Session other);

    @Override
    void close();
  }

  /** Texts with the same prompt that are extended together; their logits stay where they are. */
  interface Batch extends AutoCloseable {

    /**
     * Puts the prompt into every context.
     *
     * @param prompt at least one id, and no more than block_size
     * @return the token that follows it, for each text
     */
    int[] start(int[] prompt);

    /**
     * Appends to each text the token that was drawn for it last; no context may be full. A text
     * that has ended goes on all the same.
     *
     * @return the token that follows, for each text
     */
    int[] next();

    /**
     * Puts other tokens in place of one text's context, which is what sliding comes to.
     *
     * @param ids at least one id, and no more than block_size
     * @param step index in the text of the token that follows, 0 being the first new one
     * @return the token that follows them
     */
    int redo(int text, int[] ids, int step);

    /** Log-probabilities of a text's last token; only where they were asked for. */
    Logprobs logprobs(int text);

    @Override
    void close();
  }

  /**
   * A beam with one more token.
   *
   * @param beam index of the beam
   * @param id the token
   * @param score sum of the log-probabilities of the new tokens, this one included
   */
  record Candidate(int beam, int id, double score) {}

  /** Beam search's texts, which are extended together. */
  interface BeamBatch extends AutoCloseable {

    /**
     * Begins with one beam, the prompt.
     *
     * @param prompt at least one id, and no more than block_size
     * @return the 2·B best candidates, fewer where there are not so many; the best first, among
     *     equals the lower beam and then the lower id
     */
    Candidate[] start(int[] prompt);

    /**
     * Goes on with candidates in place of the beams; no context may be full.
     *
     * @param picked indices into the candidates returned last, 1 to B of them
     * @return the next candidates, as {@link #start} does
     */
    Candidate[] next(int[] picked);

    @Override
    void close();
  }

  /** Receives the logits of one position; the array is reused after the call. */
  @FunctionalInterface
  interface PositionLogits {
    /** Logits that follow position {@code pos} of the context. */
    void accept(int pos, float[] logits);
  }

  /** Receives what one position looks at; the array is its own. */
  @FunctionalInterface
  interface AttentionRow {
    /** {@code weights}: of the keys at positions 0 to {@code pos}, together 1. */
    void accept(int pos, float[] weights);
  }
}
