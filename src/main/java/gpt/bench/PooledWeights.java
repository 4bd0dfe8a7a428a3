package gpt.bench;

import gpt.checkpoint.format.WeightsReader;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.sampling.Normals;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Random weights N(0, 0.02²), to time a shape without a checkpoint; the generated text is
 * meaningless. All tensors are views of one pool of the size of the largest tensor: gpt2-xl takes
 * 0.3 GB before packing and is created at once.
 */
public final class PooledWeights implements AutoCloseable {
  private static final double STANDARD_DEVIATION = 0.02;
  private static final int PIECE = 1 << 16;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment pool;
  private final Weights weights;

  /** Allocates and fills the pool. */
  public PooledWeights(GptConfig config, long seed) {
    int c = config.nEmbd();
    long largest =
        Math.max(
            Math.max((long) config.vocabSize(), config.blockSize()) * c,
            Math.max(3L * c * c, (long) config.nInner() * c));
    pool = arena.allocate(Float.BYTES * largest, 64);
    Normals normals = new Normals(seed, 0);
    IntStream.range(0, Math.toIntExact(Math.ceilDiv(largest, PIECE)))
        .parallel()
        .forEach(
            piece -> {
              long from = (long) piece * PIECE;
              float[] values = new float[(int) Math.min(PIECE, largest - from)];
              normals.fill(from, STANDARD_DEVIATION, values);
              MemorySegment.copy(
                  values, 0, pool, ValueLayout.JAVA_FLOAT, Float.BYTES * from, values.length);
            });
    weights = WeightsReader.read(config, this::tensor, false, false);
  }

  /** The weights, valid until this is closed. */
  public Weights weights() {
    return weights;
  }

  private Tensor tensor(String key, int... shape) {
    if (shape.length == 2) {
      long bytes = (long) Float.BYTES * shape[0] * shape[1];
      return Tensor.matrix(key, DType.F32, shape[0], shape[1], pool.asSlice(0, bytes));
    }
    float[] values = new float[shape[0]];
    Arrays.fill(values, key.endsWith(".weight") ? 1 : 0); // of a norm, or a bias
    return Tensor.vector(key, values);
  }

  @Override
  public void close() {
    arena.close();
  }
}
