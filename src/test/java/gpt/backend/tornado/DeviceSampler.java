package gpt.backend.tornado;

import gpt.kernels.runtime.Pass;
import gpt.kernels.runtime.Sampling;
import gpt.kernels.runtime.Version;
import gpt.sampling.Drawing;
import gpt.sampling.History;
import gpt.sampling.Logprobs;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The sampling chain alone on a device, with logits from the host: for tests and benchmarks. */
final class DeviceSampler implements AutoCloseable {
  private static final int THREADS = 64;

  /** Arguments of the kernel that copies logits into the chain's array. */
  private record Given(
      IntArray header,
      FloatArray from,
      IntArray pass,
      IntArray slotOf,
      IntArray positions,
      IntArray parameters,
      FloatArray logits,
      int elements) {}

  private static final Version<Given> TAKE =
      new Version<>(
          "take",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(
                  id,
                  DeviceSampler::take,
                  new KernelContext(),
                  a.header,
                  a.from,
                  a.pass,
                  a.slotOf,
                  a.positions,
                  a.parameters,
                  a.logits,
                  a.elements),
          (a, rows) -> Version.groups(Math.ceilDiv(a.elements, THREADS), THREADS));

  private static final Version<Given> TOUCH =
      new Version<>(
          "touch",
          Version.Target.ANY,
          (graph, id, a) ->
              graph.task(id, DeviceSampler::touch, new KernelContext(), a.pass, a.logits),
          (a, rows) -> Version.groups(1, 1));

  private final int samples;
  private final int vocabSize;
  private final IntArray header = new IntArray(2);
  private final FloatArray given;
  private final IntArray pass = new IntArray(Pass.SIZE);
  private final IntArray slotOf;
  private final FloatArray logits;
  private final IntArray chosen;
  private final SamplingBuffers buffers;
  private final DevicePlan plan;
  private final Graph take;
  private final Graph fetch;
  private final Graph chain;
  private final SamplingGraphs graphs;

  /**
   * A sampler.
   *
   * @param samples B: sequences at once
   * @param vocabSize V
   * @param logprobs most log-probabilities for each token
   */
  DeviceSampler(TornadoDevices.Device device, int samples, int vocabSize, int logprobs) {
    TornadoVm.prepare();
    this.samples = samples;
    this.vocabSize = vocabSize;
    KernelSet kernels = KernelSet.of(device, device.hasShuffles());
    buffers = new SamplingBuffers(samples, vocabSize, logprobs);
    given = new FloatArray(samples * vocabSize);
    logits = new FloatArray(samples * vocabSize);
    chosen = new IntArray(samples);
    slotOf = new IntArray(samples);
    IntArray tokens = new IntArray(samples);
    IntArray positions = new IntArray(samples);
    pass.init(0);
    List.of(chosen, slotOf, tokens, positions).forEach(array -> array.init(0));
    List<FloatArray> floats = new ArrayList<>(buffers.floats());
    floats.add(logits);
    List<IntArray> ints = new ArrayList<>(buffers.ints());
    ints.addAll(List.of(chosen, slotOf, tokens, positions));
    plan =
        new DevicePlan(
            device.handle(),
            new DevicePlan.Arrays(pass, List.of(), floats, List.of(), ints),
            null,
            0);
    Given arguments =
        new Given(
            header,
            given,
            pass,
            slotOf,
            positions,
            buffers.parameters,
            logits,
            samples * vocabSize);
    take = plan.graph("take").add("take", TAKE, arguments);
    plan.in(take, header, given);
    // The kernel rewrites one element, since TornadoVM copies back only what a task writes.
    fetch = plan.graph("fetch").add("touch", TOUCH, arguments);
    plan.out(fetch, logits);
    SamplingGraphs.Rows rows =
        new SamplingGraphs.Rows(pass, logits, slotOf, chosen, tokens, positions);
    graphs = new SamplingGraphs(plan, kernels, buffers, rows);
    chain = plan.decodeGraph("chain");
    graphs.addChain(chain);
    plan.out(chain, chosen);
    plan.build();
    plan.load();
  }

  /** Begins one sequence for each drawing, of the completion with this index. */
  void start(List<Drawing> drawings, int... completions) {
    for (int slot = 0; slot < samples; slot++) {
      Drawing drawing = drawings.get(slot);
      History history = new History(vocabSize);
      history.start(drawing.prompt());
      buffers.request(slot, drawing, completions[slot], history, drawing.logprobs());
      plan.run(graphs.start(), 1);
    }
  }

  /**
   * Copies logits to the device.
   *
   * @param rows one for each sequence, of V logits
   * @param step index of the token to draw
   */
  void bring(float[][] rows, int step) {
    header.set(0, samples);
    header.set(1, step);
    for (int b = 0; b < samples; b++) {
      MemorySegment.copy(
          rows[b], 0, given.getSegment(), ValueLayout.JAVA_FLOAT, 4L * b * vocabSize, vocabSize);
    }
    plan.run(take, 1);
  }

  /**
   * Draws a token for each sequence from the logits on the device.
   *
   * @return ids, or one of the statuses of {@link gpt.kernels.runtime.Sampling}
   */
  int[] draw() {
    plan.run(chain, samples);
    int[] ids = new int[samples];
    for (int b = 0; b < samples; b++) {
      ids[b] = chosen.get(b);
    }
    return ids;
  }

  /** Log-probabilities of a sequence's last token. */
  Logprobs logprobs(int sequence) {
    plan.run(graphs.logprobs().orElseThrow(), samples);
    return buffers.logprobs(sequence);
  }

  /**
   * Copies the logits back, as if the host drew.
   *
   * @param row receives one sequence's logits (V)
   */
  void fetch(int sequence, float[] row) {
    plan.run(fetch, 1);
    MemorySegment.copy(
        logits.getSegment(), ValueLayout.JAVA_FLOAT, 4L * sequence * vocabSize, row, 0, vocabSize);
  }

  @Override
  public void close() {
    plan.close();
  }

  static void touch(KernelContext context, IntArray pass, FloatArray logits) {
    if (pass.get(Pass.DRAWN_ROWS) > 0) {
      logits.set(0, logits.get(0));
    }
  }

  static void take(
      KernelContext context,
      IntArray header,
      FloatArray from,
      IntArray pass,
      IntArray slotOf,
      IntArray positions,
      IntArray parameters,
      FloatArray logits,
      int elements) {
    int i = context.globalIdx;
    if (i == 0) {
      pass.set(Pass.LOGIT_ROWS, header.get(0));
      pass.set(Pass.DRAWN_ROWS, header.get(0));
      for (int b = 0; b < header.get(0); b++) {
        slotOf.set(b, b);
        positions.set(b, header.get(1));
        parameters.set(b * Sampling.PARAMETERS + Sampling.STEP, header.get(1));
      }
    }
    if (i < elements) {
      logits.set(i, from.get(i));
    }
  }
}
