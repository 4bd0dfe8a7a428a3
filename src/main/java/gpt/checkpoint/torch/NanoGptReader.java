package gpt.checkpoint.torch;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.format.StoredModel;
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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads nanoGPT's {@code ckpt.pt}: a dict with {@code model} (the tensors by name), {@code
 * model_args} (the shape) and the optimizer's state, which is ignored. As in nanoGPT's model.py,
 * GELU is exact and the norms' epsilon is 1e-5.
 */
public final class NanoGptReader implements TensorSource {
  /** The name of nanoGPT's file. */
  public static final String FILE = "ckpt.pt";

  private final Path file;
  private final TorchFile torch;

  /** The tensors by key without wrappers' prefixes: {@code transformer.wte.weight}. */
  private final Map<String, TorchTensor> tensors;

  /** Names of the tensors that were read as weights. */
  private final Set<String> used = new HashSet<>();

  /** The bytes of each storage that no tensor uses yet; lm_head may share those of wte. */
  private final Map<String, Long> unclaimedBytes = new HashMap<>();

  private NanoGptReader(Path file, TorchFile torch, Map<String, TorchTensor> tensors) {
    this.file = file;
    this.torch = torch;
    this.tensors = tensors;
  }

  /** Maps and reads a file, with the {@code meta.pkl} beside it; closing the arena unmaps it. */
  public static StoredModel read(Path file, Arena arena) throws IOException {
    try (TorchFile torch = TorchFile.open(file, arena)) {
      if (!(torch.root() instanceof Map<?, ?> root
          && root.get("model") instanceof Map<?, ?> model
          && root.get("model_args") instanceof Map<?, ?> args)) {
        throw Fault.in(
            file, "not a nanoGPT checkpoint: expected a dict with 'model' and 'model_args'");
      }
      Map<String, TorchTensor> tensors = tensors(file, model);
      GptConfig config = config(file, args, tensors);
      NanoGptReader source = new NanoGptReader(file, torch, tensors);
      boolean head = tensors.containsKey(WeightsReader.LM_HEAD);
      Weights weights = WeightsReader.read(config, source, false, head);
      Optional<List<String>> characters =
          MetaPickle.characters(file.resolveSibling(MetaPickle.FILE), config.vocabSize());
      List<String> notes = new ArrayList<>();
      if (!torch.hasChecksums()) {
        notes.add(
            Fault.line(
                file,
                "was written without CRC-32 (torch.serialization.set_crc32_options(False)), so"
                    + " damaged weights cannot be detected"));
      }
      notes.addAll(UnusedTensors.note(file, source.unused()));
      return new StoredModel(
          "nanoGPT checkpoint",
          config,
          weights,
          characters,
          Optional.empty(),
          List.of(),
          Optional.empty(),
          notes);
    }
  }

  /** The tensors of the model, without causal masks, which old versions of PyTorch save too. */
  private static Map<String, TorchTensor> tensors(Path file, Map<?, ?> model) {
    Map<String, TorchTensor> out = new LinkedHashMap<>();
    model.forEach(
        (key, value) -> {
          if (key instanceof String name
              && value instanceof TorchTensor tensor
              && !TensorChecks.isMask(name)) {
            String unwrapped = withoutWrappers(name);
            if (out.put(unwrapped, tensor) != null) {
              throw Fault.in(file, "duplicate tensor " + unwrapped);
            }
          }
        });
    return out;
  }

  /** A name without the prefixes that torch.compile and DistributedDataParallel add. */
  private static String withoutWrappers(String name) {
    int at = 0;
    while (name.startsWith("_orig_mod.", at) || name.startsWith("module.", at)) {
      at = name.indexOf('.', at) + 1;
    }
    return name.substring(at);
  }

  private static GptConfig config(Path file, Map<?, ?> args, Map<String, TorchTensor> tensors) {
    Object bias = args.get("bias");
    if (bias == null) { // older checkpoints lack the option
      bias = tensors.containsKey(WeightsReader.TRANSFORMER + "ln_f.bias");
    }
    if (!(bias instanceof Boolean hasBias)) {
      throw Fault.in(
          file,
          "model_args: bias: expected True or False, found " + CheckpointUnpickler.describe(bias));
    }
    int nEmbd = integer(file, args, "n_embd");
    int nLayer = integer(file, args, "n_layer");
    int nHead = integer(file, args, "n_head");
    int blockSize = integer(file, args, "block_size");
    int vocabSize = integer(file, args, "vocab_size");
    try {
      return new GptConfig(
          nLayer,
          nHead,
          nEmbd,
          blockSize,
          vocabSize,
          Math.multiplyExact(4, nEmbd),
          hasBias,
          Gelu.EXACT,
          1e-5);
    } catch (ArithmeticException e) {
      throw Fault.in(
          file,
          "model_args: n_embd: expected at most " + Integer.MAX_VALUE / 4 + ", found " + nEmbd,
          e);
    } catch (GptException e) {
      throw Fault.in(file, "model_args: " + e.getMessage(), e);
    }
  }

  private static int integer(Path file, Map<?, ?> args, String name) {
    Object value = args.get(name);
    if (value instanceof Integer i) {
      return i;
    }
    String found = args.containsKey(name) ? CheckpointUnpickler.describe(value) : "nothing";
    throw Fault.in(file, "model_args: " + name + ": expected an int, found " + found);
  }

  private List<String> unused() {
    return tensors.keySet().stream().filter(name -> !used.contains(name)).toList();
  }

  @Override
  public Tensor read(String key, int... shape) {
    String name = WeightsReader.fullKey(key);
    TorchTensor t = tensors.get(name);
    if (t == null) {
      throw TensorChecks.missing(file, name, shape);
    }
    used.add(name);
    TensorChecks.checkShape(file, name, shape, t.shape());
    TorchStorage.Type type = t.storage().type();
    if (type.dtype() == null) {
      throw TensorChecks.unsupported(file, name, type.toString());
    }
    boolean contiguous = isContiguous(t);
    if (!contiguous && !isTransposed(t)) {
      throw Fault.in(
          file, "tensor " + name + ": its memory layout is not contiguous; save a contiguous copy");
    }
    long elements = shape.length == 1 ? shape[0] : (long) shape[0] * shape[1];
    if (t.offset() > t.storage().length() - elements) {
      throw Fault.in(
          file,
          "tensor %s: expected %d elements from %d on, found a storage of %d"
              .formatted(name, elements, t.offset(), t.storage().length()));
    }
    StorageRecord record = torch.record(t.storage(), name);
    MemorySegment data = record.bytes().asSlice(t.offset() * type.bytes(), elements * type.bytes());
    if (!name.equals(WeightsReader.LM_HEAD)) {
      claim(t.storage(), name, data.byteSize());
    }
    Tensor tensor = tensor(name, type.dtype(), contiguous, shape, data);
    return torch.hasChecksums() ? tensor.verifiedBy(record::verify) : tensor;
  }

  private static Tensor tensor(
      String name, DType dtype, boolean contiguous, int[] shape, MemorySegment data) {
    if (shape.length == 1) {
      return Tensor.vector(name, dtype, shape[0], data);
    }
    return contiguous
        ? Tensor.matrix(name, dtype, shape[0], shape[1], data)
        : Tensor.matrix(name, dtype, shape[1], shape[0], data).transposed();
  }

  /**
   * Counts a storage's bytes as used: tensors that share bytes could make a small file a huge
   * model.
   */
  private void claim(TorchStorage storage, String tensor, long bytes) {
    long left = unclaimedBytes.getOrDefault(storage.key(), storage.byteSize()) - bytes;
    if (left < 0) {
      throw Fault.in(file, "tensor " + tensor + ": shares its bytes with another tensor");
    }
    unclaimedBytes.put(storage.key(), left);
  }

  /**
   * Whether a tensor is row-major without gaps; the stride of a dimension of size 1 is arbitrary.
   */
  private static boolean isContiguous(TorchTensor t) {
    long expected = 1;
    for (int d = t.shape().length - 1; d >= 0; d--) {
      if (t.stride().length <= d || t.shape()[d] != 1 && t.stride()[d] != expected) {
        return false;
      }
      expected *= t.shape()[d];
    }
    return true;
  }

  /** Whether a matrix is stored column-major, as after {@code weight.t()}. */
  private static boolean isTransposed(TorchTensor t) {
    return t.shape().length == 2
        && t.stride().length == 2
        && t.stride()[0] == 1
        && t.stride()[1] == t.shape()[0];
  }
}
