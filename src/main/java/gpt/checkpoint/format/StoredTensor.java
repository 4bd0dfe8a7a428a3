package gpt.checkpoint.format;

import gpt.model.DType;
import gpt.model.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A tensor of a mapped safetensors or GGUF file.
 *
 * @param file the file (of several, the shard) that contains it
 * @param name its name in the file
 * @param dtype its type as the file names it: {@code F32}
 * @param shape its dimensions, (rows, columns) for a matrix
 * @param data its bytes
 */
public record StoredTensor(Path file, String name, String dtype, long[] shape, MemorySegment data) {

  /**
   * The tensor as a weight.
   *
   * @param type its type
   * @param expected its dimensions, one or two
   * @throws gpt.GptException if it has other dimensions
   */
  public Tensor view(DType type, int... expected) {
    TensorChecks.checkShape(file, name, expected, shape);
    return expected.length == 1
        ? Tensor.vector(name, type, expected[0], data)
        : Tensor.matrix(name, type, expected[0], expected[1], data);
  }
}
