package gpt.cli;

import gpt.cpu.CpuBackend;
import gpt.cpu.ReferenceBackend;
import gpt.model.Backend;
import gpt.model.GptConfig;
import gpt.model.Weights;

/** What {@code --device} names. */
enum Device {
  /** All cores, the Vector API where this JVM has it. Copies the weights. */
  CPU {
    @Override
    Backend open(GptConfig config, Weights weights, int threads, LoadProgress progress) {
      return CpuBackend.open(config, weights, threads, progress::packed);
    }
  },

  /** One thread, double precision, written to be read. */
  REFERENCE {
    @Override
    Backend open(GptConfig config, Weights weights, int threads, LoadProgress progress) {
      return new ReferenceBackend(config, weights);
    }
  };

  /** A backend with these weights. */
  abstract Backend open(GptConfig config, Weights weights, int threads, LoadProgress progress);
}
