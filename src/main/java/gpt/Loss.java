package gpt;

import java.util.OptionalLong;

/**
 * The cross-entropy loss of a text of n tokens.
 *
 * @param ids the text (n), n at least 2
 * @param losses of each token −ln of its probability after those before it, in nats (n); the first
 *     has nothing before it, and is NaN
 * @param bytes bytes of the scored tokens' text in UTF-8; empty where the model has no tokenizer
 */
public record Loss(int[] ids, double[] losses, OptionalLong bytes) {

  /** Tokens that were scored, n − 1. */
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

  /** e to the cross-entropy. */
  public double perplexity() {
    return Math.exp(nats());
  }

  /**
   * Bits for each byte of the scored text, by which models with different tokens are compared; NaN
   * where the model has no tokenizer.
   */
  public double bitsPerByte() {
    return bytes.isEmpty() ? Double.NaN : total() / Math.log(2) / bytes.getAsLong();
  }
}
