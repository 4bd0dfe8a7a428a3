package gpt.checkpoint;

import gpt.GptException;
import gpt.checkpoint.files.Fault;
import gpt.checkpoint.files.FileBytes;
import gpt.checkpoint.format.StoredModel;
import gpt.checkpoint.gguf.GgufReader;
import gpt.checkpoint.huggingface.HuggingFaceReader;
import gpt.checkpoint.torch.NanoGptReader;
import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.Weights;
import gpt.tokenizer.BpeVocabulary;
import gpt.tokenizer.ChatTemplate;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An open model file: its shape, its weights and, if it has one, its vocabulary of characters or
 * BPE tokens. The weights are views of the memory-mapped file and invalid after {@link #close}.
 */
public final class Checkpoint implements AutoCloseable {
  private static final String SUPPORTED =
      "a folder with config.json and model.safetensors, a folder with ckpt.pt, a .pt file, a"
          + " .safetensors file, or a .gguf file";

  /** Hugging Face's weights before safetensors. */
  private static final List<String> PYTORCH_WEIGHTS =
      List.of("pytorch_model.bin", "pytorch_model.bin.index.json");

  private final Path path;
  private final StoredModel stored;
  private final Arena arena;

  private Checkpoint(Path path, StoredModel stored, Arena arena) {
    this.path = path;
    this.stored = stored;
    this.arena = arena;
  }

  /**
   * Opens a checkpoint. The file is mapped; its weights are read from disk on first access.
   *
   * @param path a folder that holds {@code config.json} and {@code model.safetensors} (or {@code
   *     model.safetensors.index.json}), or nanoGPT's {@code ckpt.pt}; a {@code .pt} file; or a
   *     {@code .safetensors} file with its {@code config.json} beside it; or a {@code .gguf} file
   * @throws GptException if there is no such checkpoint, or it is damaged or not supported; the
   *     message names the file, the tensor or key, what was expected and what was found
   */
  public static Checkpoint open(Path path) {
    Arena arena = Arena.ofShared();
    Checkpoint opened = null;
    try {
      opened = new Checkpoint(path, read(path, arena), arena);
      return opened;
    } catch (GptException e) {
      throw e;
    } catch (OutOfMemoryError e) {
      throw Fault.in(path, "does not fit into memory (" + Fault.reason(e) + ")", e);
    } catch (IOException | RuntimeException | StackOverflowError e) {
      throw Fault.in(path, "cannot be read: " + Fault.reason(e), e);
    } finally {
      if (opened == null) {
        arena.close();
      }
    }
  }

  private static StoredModel read(Path path, Arena arena) throws IOException {
    if (Files.isDirectory(path)) {
      Path single = path.resolve(HuggingFaceReader.SINGLE_FILE);
      Path index = path.resolve(HuggingFaceReader.INDEX_FILE);
      Path nano = path.resolve(NanoGptReader.FILE);
      if (Files.exists(single)) {
        return HuggingFaceReader.readFile(single, arena);
      }
      if (Files.exists(index)) {
        return HuggingFaceReader.readSharded(index, arena);
      }
      if (Files.exists(nano)) {
        return NanoGptReader.read(nano, arena);
      }
      throw notSupported(path, "no checkpoint in this folder");
    }
    if (!Files.exists(path)) {
      throw Fault.in(path, "no such file or folder; expected " + SUPPORTED);
    }
    FileBytes.checkRegular(path);
    String name = String.valueOf(path.getFileName());
    if (name.endsWith(".pt")) {
      return NanoGptReader.read(path, arena);
    }
    if (name.endsWith(".safetensors")) {
      return HuggingFaceReader.readFile(path, arena);
    }
    if (name.endsWith(GgufReader.EXTENSION)) {
      return GgufReader.readFile(path, arena);
    }
    throw notSupported(path, "not a checkpoint");
  }

  /** The error for a file or folder without a supported format. */
  private static GptException notSupported(Path path, String what) {
    for (String name : PYTORCH_WEIGHTS) {
      Path file = Files.isDirectory(path) ? path.resolve(name) : path;
      if (file.endsWith(name) && Files.exists(file)) {
        return Fault.in(
            file,
            "expected safetensors, found a PyTorch pickle; save the model as safetensors:"
                + " transformers.AutoModelForCausalLM.from_pretrained(FOLDER)"
                + ".save_pretrained(FOLDER)");
      }
    }
    return Fault.in(path, what + "; expected " + SUPPORTED);
  }

  /** The model's shape. */
  public GptConfig config() {
    return stored.config();
  }

  /** The weights, valid until {@link #close}. */
  public Weights weights() {
    return stored.weights();
  }

  /**
   * The vocabulary of a character-level model, index = id, each entry one code point: from {@code
   * meta.pkl} or {@code characters.json} beside the model, or from the GGUF file. It is shorter
   * than a padded vocab_size.
   */
  public Optional<List<String>> characters() {
    return stored.characters();
  }

  /** The BPE vocabulary, if the checkpoint has one; it may have fewer tokens than vocab_size. */
  public Optional<BpeVocabulary> bpeVocabulary() {
    return stored.bpeVocabulary();
  }

  /**
   * The EOS ids that end a text. Empty if the checkpoint names none; the tokenizer may have one.
   */
  public List<Integer> endIds() {
    return stored.endIds();
  }

  /** How the model was trained on conversations, if its config.json says so. */
  public Optional<ChatTemplate> chatTemplate() {
    return stored.chatTemplate();
  }

  /** The format for display: {@code nanoGPT checkpoint}, {@code safetensors}, {@code gguf}. */
  public String format() {
    return stored.format();
  }

  /** Notes for the user, a line each: tensors that the model does not use, missing checksums. */
  public List<String> notes() {
    return stored.notes();
  }

  /** The path that was opened. */
  public Path path() {
    return path;
  }

  /** The element type of the token embedding; other tensors may differ. */
  public DType dtype() {
    return weights().wte().dtype();
  }

  /** Unmaps the weights; they must not be used afterwards. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
