package gpt.explore;

import gpt.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * How well a model foretold a text.
 *
 * @param ids the text (n), n at least 2
 * @param losses of each token −ln of its probability after those before it, in nats (n); the first
 *     has nothing before it, and is NaN
 * @param windows how the text was cut
 */
public record Loss(int[] ids, double[] losses, Windows windows) {

  /** Tokens that were scored, n − 1. */
  public int tokens() {
    return ids.length - 1;
  }

  /** All of them, in nats. */
  public double total() {
    double sum = 0;
    for (int i = 1; i < losses.length; i++) {
      sum += losses[i];
    }
    return sum;
  }

  /** Cross-entropy: the mean of all tokens, in nats. */
  public double nats() {
    return total() / tokens();
  }

  /** The same in bits. */
  public double bits() {
    return nats() / Math.log(2);
  }

  /** e to the cross-entropy: among how many equally likely tokens the choice would be as open. */
  public double perplexity() {
    return Math.exp(nats());
  }

  /** Bytes of the scored tokens' text in UTF-8, with the tokenizer that they are from. */
  public long bytes(Tokenizer tokenizer) {
    return Arrays.stream(ids).skip(1).mapToLong(id -> tokenizer.decode(id).length).sum();
  }

  /**
   * Bits for each byte of the scored text, which models with different tokens can be compared by.
   */
  public double bitsPerByte(Tokenizer tokenizer) {
    return total() / Math.log(2) / bytes(tokenizer);
  }
}
