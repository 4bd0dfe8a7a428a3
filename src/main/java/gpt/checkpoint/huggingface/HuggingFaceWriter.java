package gpt.checkpoint.huggingface;

import gpt.checkpoint.files.ModelFiles;
import gpt.checkpoint.files.ModelFiles.Content;
import gpt.checkpoint.format.OutTensor;
import gpt.checkpoint.format.WeightsReader;
import gpt.checkpoint.vocabulary.Characters;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A Hugging Face folder to be written: {@code model.safetensors}, {@code config.json} and, for a
 * character-level model, {@code characters.json}.
 */
public final class HuggingFaceWriter {
  private final GptConfig config;
  private final boolean tied;
  private final Optional<List<String>> characters;
  private final List<Integer> endIds;
  private final SafetensorsWriter weights;

  private HuggingFaceWriter(
      GptConfig config,
      boolean tied,
      Optional<List<String>> characters,
      List<Integer> endIds,
      List<OutTensor> tensors) {
    this.config = config;
    this.tied = tied;
    this.characters = characters;
    this.endIds = endIds;
    weights = new SafetensorsWriter(tensors);
  }

  /**
   * A folder with a model's weights.
   *
   * @param dtype the type of all tensors, or null: every tensor keeps its own, but a quantized one
   *     becomes float32
   */
  public static HuggingFaceWriter of(
      GptConfig config,
      Weights weights,
      Optional<List<String>> characters,
      List<Integer> endIds,
      DType dtype) {
    return new HuggingFaceWriter(
        config, weights.tied(), characters, endIds, tensors(weights, dtype));
  }

  /** A folder with random weights; the output projection is the token embedding. */
  public static HuggingFaceWriter random(
      GptConfig config, Optional<List<String>> characters, long seed, DType dtype) {
    return new HuggingFaceWriter(
        config, true, characters, List.of(), RandomTensors.of(config, seed, dtype));
  }

  private static List<OutTensor> tensors(Weights weights, DType dtype) {
    List<OutTensor> out = new ArrayList<>();
    weights
        .byKey()
        .forEach(
            (key, tensor) -> {
              Tensor t = WeightsReader.isConv1d(key) ? tensor.transposed() : tensor;
              DType own = t.dtype().quantized() ? DType.F32 : t.dtype();
              out.add(OutTensor.of(WeightsReader.fullKey(key), t, dtype == null ? own : dtype));
            });
    return out;
  }

  /** The size of the weights in bytes. */
  public long size() {
    return weights.size();
  }

  /**
   * The files of the folder.
   *
   * @param progress called with the bytes of the weights written so far
   */
  public ModelFiles files(Path folder, LongConsumer progress) {
    List<Content> files = new ArrayList<>();
    files.add(
        new Content(HuggingFaceReader.SINGLE_FILE, size(), out -> weights.write(out, progress)));
    characters.ifPresent(c -> files.add(Content.text(Characters.FILE, Characters.toJson(c))));
    files.add(Content.text(HuggingFaceConfig.FILE, HuggingFaceConfig.toJson(config, tied, endIds)));
    return new ModelFiles(
        folder, files, characters.isPresent() ? List.of() : List.of(Characters.FILE));
  }
}
