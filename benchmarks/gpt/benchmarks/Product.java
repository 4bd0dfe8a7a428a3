package gpt.benchmarks;

import gpt.model.GptConfig;
import java.util.Optional;

/**
 * The matrix of an operation that multiplies by one: y (rows, N) = x (rows, K) · wᵀ, with w (N, K).
 *
 * @param n outputs N
 * @param k inputs K
 */
public record Product(int n, int k) {

  /** The matrix of an operation; empty if it has none. */
  public static Optional<Product> of(String operation, Shape shape) {
    GptConfig config = shape.config();
    int c = config.nEmbd();
    return switch (operation) {
      case Operations.QKV -> Optional.of(new Product(3 * c, c));
      case Operations.ATTENTION_PROJECTION -> Optional.of(new Product(c, c));
      case Operations.RESIDUAL -> Optional.of(new Product(c, config.nInner()));
      case Operations.GELU -> Optional.of(new Product(config.nInner(), c));
      case Operations.LM_HEAD -> Optional.of(new Product(config.vocabSize(), c));
      default -> Optional.empty();
    };
  }
}
