package gpt.checkpoint.format;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Checks of tensors that all formats share, with their error messages. */
public final class TensorChecks {
  private TensorChecks() {}

  /** Whether a key is a causal mask: a buffer in old checkpoints that is no weight. */
  public static boolean isMask(String key) {
    return key.endsWith(".attn.bias") || key.endsWith(".attn.masked_bias");
  }

  /** The error for a tensor that is not in the file. */
  public static GptException missing(Path file, String name, int... shape) {
    return Fault.in(
        file,
        "tensor "
            + name
            + " is missing: expected shape "
            + shape(Arrays.stream(shape).asLongStream().toArray()));
  }

  /** The error for a tensor of another type. */
  public static GptException unsupported(Path file, String name, String dtype) {
    return Fault.in(
        file, "tensor " + name + ": expected float32, float16 or bfloat16, found " + dtype);
  }

  /** Throws if a tensor's shape is not the expected one. */
  public static void checkShape(Path file, String name, int[] expected, long[] found) {
    long[] want = Arrays.stream(expected).asLongStream().toArray();
    if (!Arrays.equals(want, found)) {
      throw Fault.in(
          file, "tensor " + name + ": expected shape " + shape(want) + ", found " + shape(found));
    }
  }

  /** The error for a tensor whose data does not follow that of the tensor before it. */
  public static GptException misplaced(Path file, String name, long expected, long found) {
    String how = found < expected ? "overlaps another tensor" : "leaves a gap";
    return Fault.in(
        file,
        "tensor %s: its data %s: expected byte %d, found %d".formatted(name, how, expected, found));
  }

  /** A shape for a message: {@code (2, 3)}. */
  public static String shape(long[] dims) {
    return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "(", ")"));
  }
}
