package gpt.backend.tornado;

import gpt.kernels.Source;
import gpt.model.GptConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Decode's graphs from the rows' tokens to the last block's output.
 *
 * <p>A graph that is recorded as a CUDA graph has {@value #BLOCKS} transformer blocks, because each
 * graph costs the host a fixed time for each token. The first one has the embedding and the blocks
 * that are left over; the other one is executed as often as needed. TornadoVM's bytecode has no
 * room for 12 blocks in one graph. The blocks' kernels have equal source code, which the CUDA
 * backend compiles once.
 *
 * <p>Recorded grids are fixed, so there are two sets of graphs if split attention is used: one for
 * steps in which no row has more than {@value #SHORT_KEYS} keys, which need fewer chunks, and one
 * for all. A row's result does not depend on which of the two computes it.
 *
 * <p>Where kernels are launched one by one, the embedding is a graph and one block is a graph: it
 * saves compilations, and grids follow the rows anyway.
 */
final class DecodeGraphs {
  /** Blocks of a recorded graph. */
  static final int BLOCKS = 6;

  /** Keys of a row up to which the graphs for short contexts run. */
  static final int SHORT_KEYS = Source.MERGED_KEYS;

  /** Adds the tasks of one transformer block to a graph. */
  @FunctionalInterface
  interface Block {
    /**
     * Adds them.
     *
     * @param id suffix of the tasks' ids, which are unique in a graph
     * @param maxKeys the most keys that a row has
     */
    void add(Graph graph, String id, int maxKeys);
  }

  /** The graphs of a step whose rows have at most so many keys, in order. */
  private record Chain(int maxKeys, List<Graph> graphs) {}

  private final DevicePlan plan;
  private final int layers;
  private final Consumer<Graph> embedding;
  private final Block block;
  private final List<Chain> chains = new ArrayList<>();

  /**
   * Adds the graphs to a plan.
   *
   * @param splits whether attention is split into chunks of keys
   * @param embedding adds the embedding to a graph
   * @param block adds one transformer block
   */
  DecodeGraphs(
      DevicePlan plan, GptConfig config, boolean splits, Consumer<Graph> embedding, Block block) {
    this.plan = plan;
    this.layers = config.nLayer();
    this.embedding = embedding;
    this.block = block;
    if (plan.records() && splits && config.blockSize() > SHORT_KEYS) {
      chains.add(new Chain(SHORT_KEYS, graphs("Short", SHORT_KEYS)));
    }
    chains.add(new Chain(config.blockSize(), graphs("", config.blockSize())));
  }

  private List<Graph> graphs(String name, int maxKeys) {
    int each = plan.records() ? Math.min(BLOCKS, layers) : 1;
    int repeats = plan.records() ? (layers - 1) / each : layers;
    Graph first = plan.decodeGraph("first" + name);
    embedding.accept(first);
    blocks(first, layers - repeats * each, maxKeys);
    List<Graph> graphs = new ArrayList<>(List.of(first));
    if (repeats > 0) {
      Graph next = plan.decodeGraph("blocks" + name);
      blocks(next, each, maxKeys);
      IntStream.range(0, repeats).forEach(i -> graphs.add(next));
    }
    return List.copyOf(graphs);
  }

  private void blocks(Graph graph, int count, int maxKeys) {
    for (int i = 0; i < count; i++) {
      block.add(graph, count == 1 ? "" : "" + i, maxKeys);
    }
  }

  /**
   * The graphs of a step, in order.
   *
   * @param keys the most keys that a row has
   */
  List<Graph> graphs(int keys) {
    for (Chain chain : chains) {
      if (keys <= chain.maxKeys) {
        return chain.graphs;
      }
    }
    throw new IllegalArgumentException(keys + " keys");
  }

  /** All graphs, each once. */
  List<Graph> all() {
    return chains.stream().flatMap(chain -> chain.graphs.stream()).distinct().toList();
  }
}
