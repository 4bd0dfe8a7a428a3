package gpt.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A tensor of a safetensors file, mapped.
 *
 * @param file the file, or shard, it lies in
 * @param name its literal key
 * @param dtype the header's word for its type: {@code F32}
 * @param shape its dimensions
 * @param data its bytes
 */
record StoredTensor(Path file, String name, String dtype, long[] shape, MemorySegment data) {}
