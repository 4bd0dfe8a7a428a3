package gpt.checkpoint.huggingface;

import com.google.gson.JsonElement;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.Json;
import gpt.checkpoint.format.StoredModel;
import gpt.checkpoint.format.StoredTensor;
import gpt.checkpoint.format.TensorChecks;
import gpt.checkpoint.format.TensorSource;
import gpt.checkpoint.format.UnusedTensors;
import gpt.checkpoint.format.WeightsReader;
import gpt.checkpoint.vocabulary.Characters;
import gpt.checkpoint.vocabulary.VocabularyFiles;
import gpt.model.DType;
import gpt.model.Tensor;
import gpt.model.Weights;
import gpt.tokenizer.BpeVocabulary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a GPT-2 in Hugging Face's layout: {@code config.json} and one safetensors file, or several
 * with an index. Keys may or may not begin with {@code transformer.}. The matrices inside the
 * blocks are Conv1D weights, (in, out), and are returned as transposed views of the mapped file.
 */
public final class HuggingFaceReader implements TensorSource {
  /** The name of a file with all tensors. */
  public static final String SINGLE_FILE = "model.safetensors";

  /** The name of the index of several files. */
  public static final String INDEX_FILE = "model.safetensors.index.json";

  private final Path file;

  /** The tensors by key without {@code transformer.}. */
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  /** Keys, as in the file, of the tensors that were read as weights. */
  private final Set<String> used = new HashSet<>();

  private HuggingFaceReader(Path file, Map<String, StoredTensor> stored) {
    this.file = file;
    stored.forEach(
        (name, tensor) -> {
          String key =
              name.startsWith(WeightsReader.TRANSFORMER)
                  ? name.substring(WeightsReader.TRANSFORMER.length())
                  : name;
          if (!TensorChecks.isMask(key) && tensors.put(key, tensor) != null) {
            throw Fault.in(
                file,
                "duplicate tensor "
                    + key
                    + ", with and without the prefix "
                    + WeightsReader.TRANSFORMER);
          }
        });
  }

  /** Reads one safetensors file, with config.json in the same folder. */
  public static StoredModel readFile(Path file, Arena arena) throws IOException {
    HuggingFaceConfig config = HuggingFaceConfig.read(file.resolveSibling(HuggingFaceConfig.FILE));
    return model(file, "safetensors", config, SafetensorsReader.map(file, arena));
  }

  /** Reads the safetensors files that an index lists, in the same folder. */
  public static StoredModel readSharded(Path index, Arena arena) throws IOException {
    HuggingFaceConfig config = HuggingFaceConfig.read(index.resolveSibling(HuggingFaceConfig.FILE));
    Map<String, Map<String, StoredTensor>> shards = new LinkedHashMap<>();
    Map<String, StoredTensor> all = new LinkedHashMap<>();
    for (Map.Entry<String, JsonElement> e : weightMap(index).entrySet()) {
      String shard = shardName(index, e.getKey(), e.getValue());
      if (!shards.containsKey(shard)) {
        shards.put(shard, SafetensorsReader.map(index.resolveSibling(shard), arena));
      }
      StoredTensor tensor = shards.get(shard).get(e.getKey());
      if (tensor == null) {
        throw Fault.in(
            index.resolveSibling(shard),
            "tensor " + e.getKey() + " is missing: " + INDEX_FILE + " expects it here");
      }
      all.put(e.getKey(), tensor);
    }
    return model(index, "safetensors, " + shards.size() + " files", config, all);
  }

  private static Map<String, JsonElement> weightMap(Path index) {
    JsonElement root = Json.read(index);
    JsonElement map = root.isJsonObject() ? root.getAsJsonObject().get("weight_map") : null;
    if (map == null || !map.isJsonObject()) {
      throw Fault.in(index, "expected a JSON object with a weight_map");
    }
    return map.getAsJsonObject().asMap();
  }

  /** Checks that a shard's name is a plain file name, so that no path leaves the index's folder. */
  private static String shardName(Path index, String key, JsonElement value) {
    String name =
        value.isJsonPrimitive() && value.getAsJsonPrimitive().isString() ? value.getAsString() : "";
    if (!name.matches("[^/\\\\:\\p{Cntrl}]+\\.safetensors") || name.contains("..")) {
      throw Fault.in(
          index,
          ("weight_map: tensor %s: expected the name of a .safetensors file in this folder,"
                  + " found '%s'")
              .formatted(key, name));
    }
    return name;
  }

  private static StoredModel model(
      Path file, String format, HuggingFaceConfig config, Map<String, StoredTensor> stored)
      throws IOException {
    HuggingFaceReader source = new HuggingFaceReader(file, stored);
    boolean head = !config.tied() || source.tensors.containsKey(WeightsReader.LM_HEAD);
    Weights weights = WeightsReader.read(config.model(), source, true, head);
    int vocabSize = config.model().vocabSize();
    Optional<List<String>> characters =
        Characters.fromJson(file.resolveSibling(Characters.FILE), vocabSize);
    Optional<BpeVocabulary> bpe =
        characters.isPresent()
            ? Optional.empty()
            : VocabularyFiles.read(file.toAbsolutePath().getParent(), vocabSize);
    List<String> notes = new ArrayList<>();
    if (config.tied() && !weights.tied()) {
      notes.add(
          Fault.line(
              file,
              ("%s differs from the token embedding although tie_word_embeddings is true in %s;"
                      + " %s is used, as transformers does")
                  .formatted(
                      WeightsReader.LM_HEAD, HuggingFaceConfig.FILE, WeightsReader.LM_HEAD)));
    }
    notes.addAll(UnusedTensors.note(file, source.unused()));
    return new StoredModel(
        format,
        config.model(),
        weights,
        characters,
        bpe,
        config.endIds(),
        config.chatTemplate(),
        notes);
  }

  private List<String> unused() {
    return tensors.values().stream()
        .map(StoredTensor::name)
        .filter(n -> !used.contains(n))
        .toList();
  }

  @Override
  public Tensor read(String key, int... shape) {
    StoredTensor t = tensors.get(key);
    if (t == null) {
      throw TensorChecks.missing(file, key, shape);
    }
    used.add(t.name());
    DType dtype =
        switch (t.dtype()) {
          case "F32" -> DType.F32;
          case "F16" -> DType.F16;
          case "BF16" -> DType.BF16;
          default -> throw TensorChecks.unsupported(t.file(), t.name(), t.dtype());
        };
    return t.view(dtype, shape);
  }
}
