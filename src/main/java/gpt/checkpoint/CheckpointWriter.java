package gpt.checkpoint;

import gpt.checkpoint.Checkpoint.Progress;
import gpt.checkpoint.ModelFiles.Content;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.GptException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes a checkpoint as a Hugging Face GPT-2 folder: {@code model.safetensors}, {@code
 * characters.json} where it has characters, and {@code config.json}. The same checkpoint always
 * gives the same bytes. Weights are streamed, not copied; disk space is checked first.
 */
public final class CheckpointWriter {
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
            progress)
        .write(overwrite);
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
    folder(folder, config, true, tensors, characters, progress).write(overwrite);
  }

  private static ModelFiles folder(
      Path folder,
      GptConfig config,
      boolean tied,
      List<OutTensor> tensors,
      Optional<List<String>> characters,
      Progress progress) {
    SafetensorsWriter writer = new SafetensorsWriter(tensors);
    List<Content> files = new ArrayList<>();
    files.add(
        new Content(
            HuggingFaceReader.SINGLE_FILE, writer.size(), out -> writer.write(out, progress)));
    characters.ifPresent(c -> files.add(Content.text(Characters.FILE, Characters.toJson(c))));
    files.add(Content.text(HuggingFaceConfig.FILE, HuggingFaceConfig.toJson(config, tied)));
    return new ModelFiles(
        folder, files, characters.isPresent() ? List.of() : List.of(Characters.FILE));
  }
}
