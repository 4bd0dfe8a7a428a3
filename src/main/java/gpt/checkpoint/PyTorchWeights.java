package gpt.checkpoint;

import gpt.GptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The error for Hugging Face's {@code pytorch_model.bin}, which is not supported. */
final class PyTorchWeights {
  private static final List<String> FILES =
      List.of("pytorch_model.bin", "pytorch_model.bin.index.json");

  private PyTorchWeights() {}

  /** The error for a folder that contains such a file; empty if it does not. */
  static Optional<GptException> errorForFolder(Path folder) {
    return FILES.stream()
        .map(folder::resolve)
        .filter(Files::exists)
        .findFirst()
        .map(PyTorchWeights::error);
  }

  /** The error for such a file; empty for any other. */
  static Optional<GptException> errorForFile(Path file) {
    return FILES.contains(String.valueOf(file.getFileName()))
        ? Optional.of(error(file))
        : Optional.empty();
  }

  private static GptException error(Path file) {
    return Fault.in(
        file,
        "expected safetensors, found a PyTorch pickle; save the model as safetensors:"
            + " transformers.AutoModelForCausalLM.from_pretrained(FOLDER).save_pretrained(FOLDER)");
  }
}
