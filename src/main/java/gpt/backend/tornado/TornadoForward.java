package gpt.backend.tornado;

import gpt.engine.LoadProgress;
import gpt.model.GptConfig;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * The forward pass as task graphs over arrays that stay on the device, in the same order and with
 * the same names as {@link gpt.backend.cpu.CpuForward}. Comments give shapes: R rows (tokens) in
 * this pass, C channels, V vocabulary, nh heads of hs channels. A sequence's keys and values are in
 * its slot of the KV cache.
 *
 * <p>{@code feed} uploads the rows of a pass, unless the device has them. Then a decode pass runs
 * {@link DecodeGraphs}, embedding and transformer blocks; a prompt's runs {@code embed}, and {@code
 * prompt} once for each block. Last {@code choose} draws the next token of each row and makes it
 * the row of the next pass, {@code logits} copies logits to the host, or {@code losses} scores
 * target tokens.
 *
 * <p>Decode's blocks have rows that belong to any sequences, and read each weight once for all
 * rows. {@code prompt} has kernels for many rows of one sequence. In both, the order of summation
 * in a row does not depend on the other rows. The graphs that run for each generated token are
 * recorded as CUDA graphs, if {@code cudaGraphs} is set, in {@linkplain Graph buckets of rows}.
 *
 * <p>On a CPU device the graph of one block runs n_layer times. One graph of all blocks is no
 * faster there: GPT-2's shape on two cores (PoCL) takes 29.9 to 31.9 ms per token at best with
 * either. The demo model, which is launch-bound, takes 3.2 ms with one graph of all blocks instead
 * of 4.2 ms. But TornadoVM compiles each task of each graph, 91 kernels instead of 14, so loading
 * takes 8 to 10 s longer instead of 4 s.
 */
final class TornadoForward implements AutoCloseable {
  private final GptConfig config;
  private final DeviceBuffers b;
  private final int capacity;
  private final DevicePlan plan;

  private final Graph feed;
  private final DecodeGraphs decode;
  private final Graph embed;
  private final Graph prompt;
  private final Graph choose;
  private final Graph head;
  private final Graph logits;
  private final Graph copySlots;
  private final SamplingGraphs sampling;
  private final LossGraph loss;

  /**
   * Builds the graphs; nothing is compiled or copied yet.
   *
   * @param capacity B: number of sequences that {@code b} has room for
   * @param cudaGraphs whether to record the graphs of decode as CUDA graphs and replay them
   * @param profile counts launches, times and copied bytes; null to count nothing
   */
  TornadoForward(
      GptConfig config,
      DeviceWeights w,
      DeviceBuffers b,
      KernelSet kernels,
      int capacity,
      TornadoDevice device,
      boolean cudaGraphs,
      Profile profile) {
    this.config = config;
    this.b = b;
    this.capacity = capacity;
    DevicePlan.Arrays arrays =
        new DevicePlan.Arrays(b.pass, w.arrays(), b.floats(), b.halves(), b.ints());
    plan = new DevicePlan(device, arrays, profile, cudaGraphs ? capacity : 0);
    ForwardTasks tasks = new ForwardTasks(config, w, b, kernels, capacity);
    feed = tasks.feed(plan.graph("feed"));
    embed = tasks.embedding(plan.graph("embed"));
    decode = new DecodeGraphs(plan, config, tasks.splits(), tasks::embedding, tasks::block);
    prompt = tasks.block(plan.graph("prompt"), "", 0);
    choose = tasks.head(plan.decodeGraph("choose"));
    head = tasks.head(plan.decodeGraph("head"));
    logits = tasks.head(plan.graph("logits"));
    copySlots = tasks.slotCopy(plan.graph("copySlots"));
    SamplingGraphs.Rows rows =
        new SamplingGraphs.Rows(b.pass, b.logits, b.slotOf, b.chosen, b.tokens, b.positions);
    sampling = new SamplingGraphs(plan, kernels, b.sampling, rows);
    sampling.addChain(choose);
    loss = new LossGraph(plan, kernels, config, w, b);
    plan.in(feed, b.request.array());
    plan.in(copySlots, b.copies);
    plan.out(choose, b.chosen);
    plan.out(logits, b.logits);
    plan.build();
  }

  // A pass.

  /**
   * Uploads the rows of {@code b.request}.
   *
   * @param rows number of rows
   */
  void feed(int rows) {
    plan.run(feed, rows);
  }

  /**
   * Embedding and all blocks, for rows of any sequences.
   *
   * @param keys the most keys that a row has
   */
  void decode(int rows, int keys) {
    decode.graphs(keys).forEach(graph -> plan.run(graph, rows));
  }

  /** Embedding and all blocks, for consecutive positions of one sequence. */
  void prompt(int rows) {
    plan.run(embed, rows);
    for (int layer = 0; layer < config.nLayer(); layer++) {
      plan.run(prompt, rows);
    }
  }

  /** Uploads a sequence's sampling parameters, from {@code b.sampling}'s requests. */
  void startSampling() {
    plan.run(sampling.start(), 1);
  }

  /** Draws the next token of each drawn row into {@code b.chosen} and the next pass's rows. */
  void choose(int rows) {
    plan.run(choose, rows);
  }

  /**
   * Finds the likeliest tokens of each logit row, into {@code b.sampling.top}. The logits must have
   * been computed.
   */
  void likeliest(int rows) {
    sampling.logprobs().ifPresent(graph -> plan.run(graph, rows));
  }

  /** Computes the logits of the logit rows; they stay on the device. */
  void head(int rows) {
    plan.run(head, rows);
  }

  /** Computes the logits of the logit rows and copies them to {@code b.logits}. */
  void logits(int rows) {
    plan.run(logits, rows);
  }

  /** As {@link #logits(int)}, for rows [from, from + rows) of the pass. */
  void logitRows(int from, int rows) {
    b.request.begin();
    for (int r = 0; r < rows; r++) {
      b.request.logitRow(from + r, 0);
    }
    plan.run(feed, rows);
    plan.run(logits, rows);
  }

  /** Cross-entropy of targets, for rows [from, …) of the pass; see {@link LossGraph#run}. */
  void losses(int from, int[] targets, double[] found) {
    loss.run(from, targets, found);
  }

  /** Copies keys and values between slots, as {@code b.copies} says. */
  void copySlots(int positions) {
    plan.run(copySlots, positions);
  }

  /** Copies the weights to the device. */
  void load() {
    plan.load();
  }

  /**
   * Compiles the kernels that generation from a prompt of {@code promptLength} tokens needs.
   *
   * @param beams whether for beam search, which finds candidates instead of drawing tokens
   */
  void compile(int promptLength, boolean beams, LoadProgress progress) {
    List<Graph> needed = new ArrayList<>(List.of(feed));
    needed.addAll(decode.all());
    needed.add(beams ? head : choose);
    needed.add(sampling.start());
    sampling.logprobs().ifPresent(needed::add);
    if (promptLength > 1) {
      needed.addAll(List.of(embed, prompt));
    }
    if (capacity > 1) {
      needed.add(copySlots);
    }
    plan.compile(needed, progress);
  }

  /** Throws after {@link #close}. */
  void checkOpen() {
    plan.checkOpen();
  }

  /** Frees the device's memory. */
  @Override
  public void close() {
    plan.close();
  }
}
