package gpt.backend.cpu;

import gpt.model.GptConfig;
import gpt.model.Precision;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.util.function.DoubleConsumer;

/** Packs a model's matrices one after another and reports progress. */
final class Packer {
  private final int width;
  private final Precision precision;
  private final NativeMemory memory;
  private final Workers workers;
  private final DoubleConsumer progress;
  private final double total;
  private long done;

  Packer(
      GptConfig config,
      int width,
      Precision precision,
      NativeMemory memory,
      Workers workers,
      DoubleConsumer progress) {
    this.width = width;
    this.precision = precision;
    this.memory = memory;
    this.workers = workers;
    this.progress = progress;
    long c = config.nEmbd();
    long block = 4 * c * c + 2 * c * config.nInner();
    total = config.vocabSize() * c + config.nLayer() * block;
  }

  /** Packs one matrix and reports the fraction of all weights that is done. */
  PackedMatrix pack(Tensor w) {
    PackedMatrix packed =
        PackedMatrix.pack(w, width, precision.of(w), memory, workers);
    done += w.size();
    progress.accept(Math.min(1, done / total));
    return packed;
  }

  /** Packs the matrix of a linear layer; the bias stays float32. */
  CpuForward.Linear pack(Weights.Linear w) {
    return new CpuForward.Linear(pack(w.weight()), w.bias() == null ? null : w.bias().toArray());
  }
}
