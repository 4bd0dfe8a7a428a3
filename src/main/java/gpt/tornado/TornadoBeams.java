package gpt.tornado;

import gpt.kernels.BeamFeed;
import gpt.kernels.BeamMerge;
import gpt.kernels.SlotCopy;
import gpt.model.Backend;
import gpt.model.BeamSlots;
import gpt.model.Contexts;
import gpt.model.GptException;
import java.util.Arrays;

/**
 * Beams on a device. Their scores stay there, and keys and values are copied from context to
 * context there. The host hears of the candidates, and says which of them go on. Scores are single
 * precision sums.
 */
final class TornadoBeams implements Backend.BeamBatch {
  private final TornadoBackend backend;
  private final DeviceBuffers buffers;
  private final TornadoForward forward;
  private BeamSlots slots;
  private Backend.Candidate[] candidates;
  private int length;
  private int step;

  /** Beams of a backend whose buffers have room for them; no context is open. */
  TornadoBeams(TornadoBackend backend, DeviceBuffers buffers, TornadoForward forward) {
    this.backend = backend;
    this.buffers = buffers;
    this.forward = forward;
  }

  @Override
  public Backend.Candidate[] start(int[] prompt) {
    Contexts.checkAppend(backend.config(), 0, prompt);
    slots = new BeamSlots(buffers.beams.beams);
    step = 0;
    length = prompt.length;
    backend.append(0, 0, prompt, 1, 0);
    return candidates(1);
  }

  @Override
  public Backend.Candidate[] next(int[] picked) {
    if (length >= backend.config().blockSize()) {
      throw new GptException("the context of " + length + " tokens is full");
    }
    int beams = buffers.beams.beams;
    int[] sources = slots.next(Arrays.stream(picked).map(i -> candidates[i].beam()).toArray());
    boolean copies = false;
    int count = BeamFeed.Arguments.count(beams);
    buffers.beams.request.set(0, length);
    for (int slot = 0; slot < beams; slot++) {
      buffers.beams.request.set(SlotCopy.SOURCES + slot, sources[slot]);
      copies |= sources[slot] != slot;
    }
    buffers.beams.request.set(count, picked.length);
    for (int beam = 0; beam < picked.length; beam++) {
      buffers.beams.request.set(count + 1 + beam, picked[beam]);
      buffers.beams.request.set(count + 1 + beams + beam, slots.of(beam));
    }
    step++;
    forward.beamFeed(copies ? length : 1);
    length++;
    forward.embed(picked.length);
    forward.blocks(picked.length);
    return candidates(picked.length);
  }

  private Backend.Candidate[] candidates(int rows) {
    forward.candidates(rows);
    int found = buffers.beams.candidates.get(0);
    if (found < 0) {
      throw new GptException(
          SamplingBuffers.nothingToDraw(found)
              + " (beam "
              + buffers.beams.candidates.get(1)
              + ", new token "
              + (step + 1)
              + ")");
    }
    candidates = new Backend.Candidate[found];
    for (int i = 0; i < found; i++) {
      candidates[i] =
          new Backend.Candidate(
              buffers.beams.candidates.get(BeamMerge.HEADER + 2 * i),
              buffers.beams.candidates.get(BeamMerge.HEADER + 2 * i + 1),
              buffers.beams.candidateScores.get(i));
    }
    return candidates;
  }

  @Override
  public void close() {
    backend.closeBeams();
  }
}
