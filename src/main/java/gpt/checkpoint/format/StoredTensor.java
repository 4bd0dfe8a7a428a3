package gpt.checkpoint.format;

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
public record StoredTensor(
    Path file, String name, String dtype, long[] shape, MemorySegment data) {}
