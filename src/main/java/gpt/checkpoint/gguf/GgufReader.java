package gpt.checkpoint.gguf;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.FileBytes;
import gpt.checkpoint.format.StoredModel;
import gpt.checkpoint.format.StoredTensor;
import gpt.checkpoint.format.TensorChecks;
import gpt.checkpoint.format.TensorSource;
import gpt.checkpoint.format.UnusedTensors;
import gpt.checkpoint.format.WeightsReader;
import gpt.model.DType;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.model.Tensor;
import gpt.model.Weights;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads a GPT-2 from a GGUF file in llama.cpp's layout: one file with the shape, the weights as
 * (out, in), and the tokenizer. The tensors are views of the mapped file.
 */
public final class GgufReader implements TensorSource {
  /** The end of a file name. */
  public static final String EXTENSION = ".gguf";

  static final String ARCHITECTURE = "gpt2";
  static final String ARCHITECTURE_KEY = "general.architecture";
  static final String CONTEXT = "gpt2.context_length";
  static final String EMBEDDING = "gpt2.embedding_length";
  static final String BLOCKS = "gpt2.block_count";
  static final String FEED_FORWARD = "gpt2.feed_forward_length";
  static final String HEADS = "gpt2.attention.head_count";
  static final String EPSILON = "gpt2.attention.layer_norm_epsilon";

  /** A key of this program, unknown to llama.cpp: the activation, if it is not gelu_new. */
  static final String GELU = "gpt.activation_function";

  /** A key of this program: false for a model without biases. */
  static final String BIAS = "gpt.bias";

  static final String EXACT = "gelu";

  private static final String KV_HEADS = "gpt2.attention.head_count_kv";
  private static final String SPLITS = "split.count";

  /** The number of this file, from 0. */
  private static final String SPLIT_NUMBER = "split.no";

  private final Path file;
  private final GgufFile gguf;

  /** Names of the tensors that were read as weights. */
  private final Set<String> used = new HashSet<>();

  private GgufReader(Path file, GgufFile gguf) {
    this.file = file;
    this.gguf = gguf;
  }

  /** Maps and reads a file; closing the arena unmaps it. */
  public static StoredModel readFile(Path file, Arena arena) throws IOException {
    return read(file, FileBytes.map(file, arena));
  }

  /**
   * Reads a file's bytes.
   *
   * @param file named in error messages
   * @throws GptException if the file is damaged or not supported
   */
  static StoredModel read(Path file, MemorySegment bytes) {
    return new GgufReader(file, GgufFile.parse(file, bytes)).model();
  }

  private StoredModel model() {
    GptConfig config = config();
    boolean head = gguf.tensors().containsKey(GgufNames.of(WeightsReader.LM_HEAD));
    Weights weights = WeightsReader.read(config, this, false, head);
    if (!config.bias()) {
      checkBiasesAreZero();
    }
    GgufVocabulary vocabulary = GgufVocabulary.read(file, gguf.metadata(), config.vocabSize());
    return new StoredModel(
        "gguf",
        config,
        weights,
        vocabulary.characters(),
        vocabulary.bpe(),
        GgufVocabulary.endIds(gguf.metadata(), config.vocabSize()),
        Optional.empty(),
        UnusedTensors.note(file, unused(config)));
  }

  /** Unused tensors, but for the zero biases that llama.cpp requires in a model without biases. */
  private List<String> unused(GptConfig config) {
    return gguf.tensors().keySet().stream()
        .filter(name -> !used.contains(name) && (config.bias() || !name.endsWith(".bias")))
        .toList();
  }

  private GptConfig config() {
    GgufMetadata keys = gguf.metadata();
    if (keys.has(SPLITS) && keys.integer(SPLITS) > 1) {
      throw splitModel(keys);
    }
    String architecture = keys.string(ARCHITECTURE_KEY, "");
    if (!architecture.equals(ARCHITECTURE)) {
      throw keys.expected(ARCHITECTURE_KEY, ARCHITECTURE, "'" + architecture + "'");
    }
    int heads = keys.integer(HEADS);
    if (keys.has(KV_HEADS) && keys.integer(KV_HEADS) != heads) {
      throw keys.expected(KV_HEADS, heads + ", as " + HEADS, keys.integer(KV_HEADS));
    }
    try {
      return new GptConfig(
          keys.integer(BLOCKS),
          heads,
          keys.integer(EMBEDDING),
          keys.integer(CONTEXT),
          vocabSize(),
          keys.integer(FEED_FORWARD),
          keys.flag(BIAS, true),
          gelu(keys),
          keys.number(EPSILON));
    } catch (GptException e) {
      throw Fault.in(file, e);
    }
  }

  /** The error for one file of a split model; only the first file has the keys of the shape. */
  private GptException splitModel(GgufMetadata keys) {
    String which = keys.has(SPLIT_NUMBER) ? "file " + (keys.integer(SPLIT_NUMBER) + 1) : "one";
    return Fault.in(
        file,
        "%s of the %d files of a split model; join them with llama-gguf-split --merge FIRST.gguf"
                .formatted(which, keys.integer(SPLITS))
            + " OUT.gguf");
  }

  private static Gelu gelu(GgufMetadata keys) {
    String name = keys.string(GELU, "gelu_new");
    return switch (name) {
      case "gelu_new" -> Gelu.TANH;
      case EXACT -> Gelu.EXACT;
      default -> throw keys.expected(GELU, "gelu_new or gelu", name);
    };
  }

  /** The vocab_size: the number of rows of the token embedding. */
  private int vocabSize() {
    String name = GgufNames.of("wte.weight");
    StoredTensor wte = gguf.tensors().get(name);
    if (wte == null || wte.shape().length != 2 || wte.shape()[0] > Integer.MAX_VALUE) {
      throw Fault.in(
          file,
          "tensor %s%s"
              .formatted(
                  name,
                  wte == null
                      ? " is missing"
                      : ": expected two dimensions, found " + TensorChecks.shape(wte.shape())));
    }
    return (int) wte.shape()[0];
  }

  /** Checks that a model without biases has only the zero biases that llama.cpp requires. */
  private void checkBiasesAreZero() {
    gguf.tensors()
        .forEach(
            (name, tensor) -> {
              if (!name.endsWith(".bias")) {
                return;
              }
              MemorySegment data = tensor.data();
              long rest = data.byteSize() - 1;
              boolean zeros =
                  rest < 0
                      || data.get(ValueLayout.JAVA_BYTE, 0) == 0
                          && data.asSlice(1).mismatch(data.asSlice(0, rest)) == -1;
              if (!zeros) {
                throw Fault.in(
                    file, "tensor " + name + ": expected zeros, since " + BIAS + " is false");
              }
            });
  }

  @Override
  public Tensor read(String key, int... shape) {
    String name = GgufNames.of(key);
    StoredTensor t = gguf.tensors().get(name);
    if (t == null) {
      throw TensorChecks.missing(file, name, shape);
    }
    used.add(name);
    return t.view(DType.valueOf(t.dtype()), shape);
  }
}
