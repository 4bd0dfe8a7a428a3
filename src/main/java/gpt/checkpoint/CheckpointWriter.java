package gpt.checkpoint;

import gpt.GptException;
import gpt.checkpoint.files.ModelFiles;
import gpt.checkpoint.files.ModelFiles.Content;
import gpt.checkpoint.gguf.GgufWriter;
import gpt.checkpoint.huggingface.HuggingFaceWriter;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.tokenizer.BpeVocabulary;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.DoubleConsumer;

/**
 * Writes a checkpoint as a GGUF file, or as a Hugging Face GPT-2 folder: {@code model.safetensors},
 * {@code config.json} and, for a character-level model, {@code characters.json}. The same
 * checkpoint always gives the same bytes. Weights are streamed; free disk space is checked first.
 */
public final class CheckpointWriter {
  /** The types that can be written; those with blocks to GGUF only. */
  public static final List<DType> DTYPES =
      List.of(
          DType.F32,
          DType.F16,
          DType.BF16,
          DType.Q8_0,
          DType.Q5_1,
          DType.Q5_0,
          DType.Q4_1,
          DType.Q4_0);

  private CheckpointWriter() {}

  /** Writes a Hugging Face folder; each tensor keeps its type and no file is overwritten. */
  public static void write(Checkpoint checkpoint, Path folder) {
    write(checkpoint, folder, null, false, fraction -> {});
  }

  /**
   * Writes a Hugging Face folder. Files are written under temporary names and renamed when all are
   * complete, so that a failure leaves existing files unchanged.
   *
   * @param checkpoint an open checkpoint
   * @param folder created if it does not exist
   * @param dtype the type of all tensors; null keeps each tensor's own
   * @param overwrite whether existing files are replaced
   * @param progress receives the fraction of the weights written so far
   * @throws GptException if files of these names exist, the folder cannot be written, the disk is
   *     full, or a weight is outside the range of the type
   */
  public static void write(
      Checkpoint checkpoint, Path folder, DType dtype, boolean overwrite, DoubleConsumer progress) {
    HuggingFaceWriter writer =
        HuggingFaceWriter.of(
            checkpoint.config(),
            checkpoint.weights(),
            checkpoint.characters(),
            checkpoint.endIds(),
            dtype);
    write(writer, folder, overwrite, progress);
  }

  private static void write(
      HuggingFaceWriter writer, Path folder, boolean overwrite, DoubleConsumer progress) {
    long size = writer.size();
    writer.files(folder, done -> progress.accept((double) done / size)).write(overwrite);
  }

  /**
   * Writes a GGUF file that llama.cpp reads. What llama.cpp does not support (exact GELU, models
   * without biases, characters) is written under keys of this program, {@code gpt.*}.
   *
   * @param checkpoint an open checkpoint
   * @param bpe the BPE vocabulary of a model without characters, if it has one
   * @param file its folder is created if it does not exist
   * @param dtype the type of the matrices; null keeps each matrix's own. Vectors and position
   *     embeddings are float32; a matrix whose rows are no multiple of a quantized type's block is
   *     float16
   * @param overwrite whether an existing file is replaced
   * @param progress receives the fraction written so far
   * @throws GptException as {@link #write(Checkpoint, Path, DType, boolean, DoubleConsumer)}
   */
  public static void writeGguf(
      Checkpoint checkpoint,
      Optional<BpeVocabulary> bpe,
      Path file,
      DType dtype,
      boolean overwrite,
      DoubleConsumer progress) {
    GgufWriter writer =
        new GgufWriter(
            checkpoint.config(),
            checkpoint.weights(),
            checkpoint.characters(),
            bpe,
            checkpoint.endIds(),
            dtype);
    String name = file.getFileName().toString();
    long size = writer.size();
    Content content =
        new Content(
            name, size, out -> writer.write(out, done -> progress.accept((double) done / size)));
    new ModelFiles(file.toAbsolutePath().getParent(), List.of(content), List.of()).write(overwrite);
  }

  /**
   * Writes a Hugging Face folder with random weights, initialized as in nanoGPT: matrices and
   * embeddings from N(0, 0.02²), the projections into the residual stream (c_proj) from N(0, 0.02²
   * / (2 n_layer)), norms 1, biases 0, the output projection tied to the token embedding. A seed
   * gives the same bytes on every machine and with any number of threads.
   *
   * @param config the model's shape
   * @param characters the vocabulary of a character-level model
   * @param seed any value
   * @param dtype the type of all tensors, not a quantized one
   * @throws GptException as {@link #write(Checkpoint, Path, DType, boolean, DoubleConsumer)}
   */
  public static void writeRandom(
      GptConfig config,
      Optional<List<String>> characters,
      long seed,
      DType dtype,
      Path folder,
      boolean overwrite,
      DoubleConsumer progress) {
    write(HuggingFaceWriter.random(config, characters, seed, dtype), folder, overwrite, progress);
  }
}
