package gpt;

import java.util.OptionalLong;

/**
 * The cross-entropy loss of a text of n tokens.
 *
 * @param ids the text (n), n at least 2
 * @param losses −ln of each token's probability given the tokens before it, in nats (n); NaN for
 *     the first token, which has no context
 * @param bytes number of UTF-8 bytes of the scored tokens; empty if the model has no tokenizer
 */
public record Loss(int[] ids, double[] losses, OptionalLong bytes) {

  /** Number of scored tokens, n − 1. */
  public int tokens() {
    return ids.length - 1;
  }

  /** The sum of all losses, in nats. */
  public double total() {
    double sum = 0;
    for (int i = 1; i < losses.length; i++) {
      sum += losses[i];
    }
    return sum;
  }

  /** Cross-entropy: the mean of the losses, in nats. */
  public double nats() {
    return total() / tokens();
  }

  /** The mean of the losses, in bits. */
  public double bits() {
    return nats() / Math.log(2);
  }

  /** Perplexity: e to the power of the cross-entropy in nats. */
  public double perplexity() {
    return Math.exp(nats());
  }

  /**
   * Bits per byte of the scored text, which is comparable between models with different tokenizers;
   * NaN if the model has no tokenizer.
   */
  public double bitsPerByte() {
    return bytes.isEmpty() ? Double.NaN : total() / Math.log(2) / bytes.getAsLong();
  }
}
