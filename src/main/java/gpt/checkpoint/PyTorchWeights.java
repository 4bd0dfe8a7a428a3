package gpt.checkpoint;

import gpt.GptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Hugging Face's weights from before safetensors, which are not read, and the way to new ones. */
final class PyTorchWeights {
  private static final List<String> FILES =
      List.of("pytorch_model.bin", "pytorch_model.bin.index.json");

  private PyTorchWeights() {}

  /** The error for a folder that has nothing else. */
  static Optional<GptException> in(Path folder) {
    return FILES.stream()
        .map(folder::resolve)
        .filter(Files::exists)
        .findFirst()
        .map(PyTorchWeights::error);
  }

  /** The error for such a file by itself. */
  static Optional<GptException> at(Path file) {
    return FILES.contains(String.valueOf(file.getFileName()))
        ? Optional.of(error(file))
        : Optional.empty();
  }

  private static GptException error(Path file) {
    return Fault.in(
        file,
        "holds the weights as a pickle of PyTorch, which is not read; save them as safetensors:"
            + " transformers.AutoModelForCausalLM.from_pretrained(FOLDER).save_pretrained(FOLDER)");
  }
}
