package gpt.checkpoint;

import gpt.GptException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Checks of tensors that all formats share, with their error messages. */
final class TensorChecks {
  private TensorChecks() {}

  /** Whether a key is a causal mask: a buffer in old checkpoints that is no weight. */
  static boolean isMask(String key) {
    return key.endsWith(".attn.bias") || key.endsWith(".attn.masked_bias");
  }

  static GptException missing(Path file, String name, int... shape) {
    return Fault.in(
        file,
        "tensor "
            + name
            + " is missing: expected shape "
            + shape(Arrays.stream(shape).asLongStream().toArray()));
  }

  static GptException unsupported(Path file, String name, String dtype) {
    return Fault.in(
        file, "tensor " + name + ": expected float32, float16 or bfloat16, found " + dtype);
  }

  /** Throws if a tensor's shape is not the expected one. */
  static void checkShape(Path file, String name, int[] expected, long[] found) {
    long[] want = Arrays.stream(expected).asLongStream().toArray();
    if (!Arrays.equals(want, found)) {
      throw Fault.in(
          file, "tensor " + name + ": expected shape " + shape(want) + ", found " + shape(found));
    }
  }

  static String shape(long[] dims) {
    return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "(", ")"));
  }
}
