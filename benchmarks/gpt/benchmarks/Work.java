package gpt.benchmarks;

import gpt.model.GptConfig;
import gpt.model.Precision;
import java.util.Optional;

/**
 * The minimum work of one call.
 *
 * @param bytes to read and write
 * @param flops additions and multiplications
 */
public record Work(long bytes, long flops) {

  /** A product of {@code rows} rows with a matrix (n, k). */
  public static Work product(Precision precision, int rows, long n, long k) {
    return new Work(precision.bytes(n * k) + 4L * rows * (n + k), 2 * n * k * rows);
  }

  /**
   * The work of an operation that both the CPU and TornadoVM have.
   *
   * @param operation one of {@link Operations#COMMON}
   */
  public static Work of(String operation, Shape shape, int rows, Precision precision) {
    Optional<Product> matrix = Product.of(operation, shape);
    if (matrix.isPresent()) {
      return product(precision, rows, matrix.get().n(), matrix.get().k());
    }
    GptConfig config = shape.config();
    long c = config.nEmbd();
    return switch (operation) {
      case Operations.LAYER_NORM -> new Work(16L * rows * c, 8L * rows * c);
      case Operations.ATTENTION -> attention(config.blockSize(), c);
      case Operations.PREFILL_ATTENTION -> attention((long) rows * (rows + 1) / 2, c);
      case Operations.CROSS_ENTROPY -> {
        long logits = (long) rows * config.vocabSize();
        yield new Work(4 * logits, 3 * logits);
      }
      case Operations.DECODE, Operations.PREFILL -> {
        long elements = shape.matrixElements();
        long head = c * config.vocabSize(); // of the last row only
        yield new Work(precision.bytes(elements), 2 * ((elements - head) * rows + head));
      }
      default -> throw new IllegalArgumentException("no operation " + operation);
    };
  }

  /** Each query reads the keys and values it attends to; {@code keys} is their number in all. */
  private static Work attention(long keys, long c) {
    return new Work(8 * keys * c, 4 * keys * c);
  }
}
