package gpt.bench;

import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.sampling.Normals;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
    Tensor wte = matrix("wte", config.vocabSize(), c);
    List<Weights.Block> h = new ArrayList<>();
    for (int i = 0; i < config.nLayer(); i++) {
      h.add(
          new Weights.Block(
              norm(config),
              new Weights.Attention(linear(config, 3 * c, c), linear(config, c, c)),
              norm(config),
              new Weights.Mlp(
                  linear(config, config.nInner(), c), linear(config, c, config.nInner()))));
    }
    weights = new Weights(wte, matrix("wpe", config.blockSize(), c), h, norm(config), wte);
  }

  /** The weights, valid until this is closed. */
  public Weights weights() {
    return weights;
  }

  private Tensor matrix(String name, int rows, int columns) {
    return Tensor.matrix(
        name, DType.F32, rows, columns, pool.asSlice(0, (long) Float.BYTES * rows * columns));
  }

  private Weights.Linear linear(GptConfig config, int out, int in) {
    return new Weights.Linear(matrix("weight", out, in), vector(config, out));
  }

  private static Weights.LayerNorm norm(GptConfig config) {
    float[] ones = new float[config.nEmbd()];
    Arrays.fill(ones, 1);
    return new Weights.LayerNorm(Tensor.vector("weight", ones), vector(config, config.nEmbd()));
  }

  private static Tensor vector(GptConfig config, int n) {
    return config.bias() ? Tensor.vector("bias", new float[n]) : null;
  }

  @Override
  public void close() {
    arena.close();
  }
}
