package gpt.checkpoint;

import gpt.GptException;
import gpt.checkpoint.ModelFiles.Content;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.tokenizer.BytePairs;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes a checkpoint as a GGUF file, or as a Hugging Face GPT-2 folder: {@code model.safetensors},
 * {@code characters.json} where it has characters, and {@code config.json}. The same checkpoint
 * always gives the same bytes. Weights are streamed, not copied; disk space is checked first.
 */
public final class CheckpointWriter {
  /** Hears how far writing has come. */
  @FunctionalInterface
  public interface Progress {
    /** {@code done} of {@code total} bytes are written. */
    void at(long done, long total);
  }

  private CheckpointWriter() {}

  /** As {@link #write(Checkpoint, Path, DType, boolean, Progress)}, as it is, never overwriting. */
  public static void write(Checkpoint checkpoint, Path folder) {
    write(checkpoint, folder, null, false, (done, total) -> {});
  }

  /**
   * Writes the folder. Files get their names only when all are complete, so that a failure leaves
   * what was there before.
   *
   * @param checkpoint an open one
   * @param folder made where it does not exist
   * @param dtype the type of all tensors; null keeps each tensor's own
   * @param overwrite whether files of these names are replaced
   * @param progress hears how many bytes of the weights are written
   * @throws GptException where files of these names exist, the folder cannot be written or has no
   *     room, or a weight is beyond the type
   */
  public static void write(
      Checkpoint checkpoint, Path folder, DType dtype, boolean overwrite, Progress progress) {
    folder(
            folder,
            checkpoint.config(),
            checkpoint.weights().tied(),
            SafetensorsWriter.tensors(checkpoint.weights(), dtype),
            checkpoint.characters(),
            checkpoint.endIds(),
            progress)
        .write(overwrite);
  }

  /**
   * Writes a GGUF file as llama.cpp reads it; what llama.cpp does not know (exact GELU, no biases,
   * characters) is under keys of our own.
   *
   * @param checkpoint an open one
   * @param pairs the tokenizer of a model without characters, if it has one
   * @param file its folder is made where it does not exist
   * @param dtype the type of the matrices; null keeps each one's own. Vectors and position
   *     embeddings are float32, and half precision replaces blocks that rows do not fill
   * @param overwrite whether a file of this name is replaced
   * @param progress hears how many bytes are written
   * @throws GptException as {@link #write(Checkpoint, Path, DType, boolean, Progress)}
   */
  public static void writeGguf(
      Checkpoint checkpoint,
      Optional<BytePairs> pairs,
      Path file,
      DType dtype,
      boolean overwrite,
      Progress progress) {
    GgufWriter writer =
        new GgufWriter(
            checkpoint.config(),
            checkpoint.weights(),
            checkpoint.characters(),
            pairs,
            checkpoint.endIds(),
            dtype);
    String name = file.getFileName().toString();
    Content content = new Content(name, writer.size(), out -> writer.write(out, progress));
    new ModelFiles(file.toAbsolutePath().getParent(), List.of(content), List.of()).write(overwrite);
  }

  /**
   * Writes the folder of a model with random weights, as nanoGPT initialises them: matrices and
   * embeddings from N(0, 0.02²), the projections back into the residual stream from N(0, 0.02² / 2
   * n_layer), norms 1, biases 0, the output projection tied to the token embedding. One seed gives
   * the same bytes on every machine, by however many threads.
   *
   * @param config its shape
   * @param characters its vocabulary, if it is a character model
   * @param seed any
   * @param dtype the type of all tensors, one without blocks
   * @throws GptException as {@link #write(Checkpoint, Path, DType, boolean, Progress)}
   */
  public static void writeRandom(
      GptConfig config,
      Optional<List<String>> characters,
      long seed,
      DType dtype,
      Path folder,
      boolean overwrite,
      Progress progress) {
    List<OutTensor> tensors = RandomTensors.of(config, seed, dtype);
    folder(folder, config, true, tensors, characters, List.of(), progress).write(overwrite);
  }

  private static ModelFiles folder(
      Path folder,
      GptConfig config,
      boolean tied,
      List<OutTensor> tensors,
      Optional<List<String>> characters,
      List<Integer> endIds,
      Progress progress) {
    SafetensorsWriter writer = new SafetensorsWriter(tensors);
    List<Content> files = new ArrayList<>();
    files.add(
        new Content(
            HuggingFaceReader.SINGLE_FILE, writer.size(), out -> writer.write(out, progress)));
    characters.ifPresent(c -> files.add(Content.text(Characters.FILE, Characters.toJson(c))));
    files.add(Content.text(HuggingFaceConfig.FILE, HuggingFaceConfig.toJson(config, tied, endIds)));
    return new ModelFiles(
        folder, files, characters.isPresent() ? List.of() : List.of(Characters.FILE));
  }
}
