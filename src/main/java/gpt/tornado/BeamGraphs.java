package gpt.tornado;

import gpt.kernels.BeamChunks;
import gpt.kernels.BeamFeed;
import gpt.kernels.BeamMerge;
import gpt.kernels.BeamTotals;
import gpt.kernels.Sampling;
import gpt.kernels.SlotCopy;
import gpt.model.GptConfig;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Beam search as task graphs: from logits to candidates, whose scores stay on the device, and from
 * the picked candidates to the rows of the next pass. Each is run once a step, and the host gets
 * the candidates: 12 bytes for each, 8 more and two arrays' headers of 16.
 */
final class BeamGraphs {
  private final DevicePlan plan;
  private final Graph feed;
  private final Graph candidates;

  /** What beam search works on, all of it on the device. */
  static final class Buffers {
    final int beams; // B
    final int most; // M: candidates of a step
    final Sampling.Layout layout;

    final IntArray request; // from the host; see BeamFeed
    final FloatArray values; // (B, G, M)
    final IntArray ids; // (B, G, M)
    final FloatArray sums; // (B, G)
    final FloatArray scores; // (B)
    final FloatArray offsets; // (B)
    final IntArray failures; // (B)
    final IntArray heads; // (B, G)
    final IntArray candidates; // (2 + 2·M)
    final FloatArray candidateScores; // (M)

    /** Allocates the host's twins of all buffers. */
    Buffers(KernelSet kernels, int beams, int vocabSize) {
      this.beams = beams;
      most = 2 * beams;
      layout = SamplingBuffers.layout(kernels, vocabSize);
      int lists = beams * layout.chunks();
      request = new IntArray(BeamFeed.Arguments.requestSize(beams));
      values = new FloatArray(Math.multiplyExact(lists, most));
      ids = new IntArray(lists * most);
      sums = new FloatArray(lists);
      scores = new FloatArray(beams);
      offsets = new FloatArray(beams);
      failures = new IntArray(beams);
      heads = new IntArray(lists);
      candidates = new IntArray(BeamMerge.HEADER + 2 * most);
      candidateScores = new FloatArray(most);
      request.init(0);
      ints().forEach(array -> array.init(0));
      floats().forEach(array -> array.init(0));
    }

    List<FloatArray> floats() {
      return List.of(values, sums, scores, offsets, candidateScores);
    }

    List<IntArray> ints() {
      return List.of(ids, failures, heads, candidates);
    }
  }

  /** Makes the graphs over buffers that have room for beams. */
  BeamGraphs(DevicePlan plan, KernelSet kernels, GptConfig config, DeviceBuffers b) {
    this.plan = plan;
    Buffers s = b.beams;
    feed = plan.graph("beamFeed").add("feed", kernels.beamFeed(), feed(b));
    feed.add("cache", kernels.slotCopy(), slotCopy(config, b, s.request, s.beams));
    plan.in(feed, s.request);
    candidates = plan.graph("beams");
    candidates.add(
        "chunks",
        kernels.beamChunks(),
        new BeamChunks.Arguments(
            b.pass, b.logits, s.values, s.ids, s.sums, s.beams, s.most, s.layout));
    int chunks = s.layout.chunks();
    candidates.add(
        "totals",
        kernels.beamTotals(),
        new BeamTotals.Arguments(
            b.pass, s.values, s.sums, s.scores, s.offsets, s.failures, s.beams, chunks, s.most));
    candidates.add(
        "merge",
        kernels.beamMerge(),
        new BeamMerge.Arguments(
            b.pass,
            s.values,
            s.ids,
            s.offsets,
            s.failures,
            s.heads,
            s.candidates,
            s.candidateScores,
            chunks,
            s.most));
    plan.out(candidates, s.candidates);
    plan.out(candidates, s.candidateScores);
  }

  private static BeamFeed.Arguments feed(DeviceBuffers b) {
    Buffers s = b.beams;
    return new BeamFeed.Arguments(
        s.request,
        b.pass,
        s.candidates,
        s.candidateScores,
        s.scores,
        new BeamFeed.Rows(b.tokens, b.positions, b.slots, b.rowOf),
        s.beams);
  }

  /** What copies contexts, as a request says. */
  static SlotCopy.Arguments slotCopy(
      GptConfig config, DeviceBuffers b, IntArray request, int samples) {
    return new SlotCopy.Arguments(
        request,
        b.keyCache,
        b.valueCache,
        config.nLayer(),
        samples,
        config.nHead(),
        config.headSize(),
        config.blockSize());
  }

  /** Both. */
  List<Graph> all() {
    return List.of(feed, candidates);
  }

  /**
   * Takes the picked candidates for the next rows, and copies contexts.
   *
   * @param positions to copy; 1 where there is nothing to copy
   */
  void feed(int positions) {
    plan.run(feed, positions);
  }

  /** Candidates from logits. */
  void candidates() {
    plan.run(candidates, 1);
  }
}
