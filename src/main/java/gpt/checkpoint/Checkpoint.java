package gpt.checkpoint;

import gpt.model.DType;
import gpt.model.GptConfig;
import gpt.model.GptException;
import gpt.model.Weights;
import gpt.tokenizer.BytePairs;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A model as it lies on disk: its shape, its weights and, where it has one, its vocabulary of
 * characters or byte pairs. The weights of a safetensors or GGUF file are views of the mapped file;
 * those of a {@code ckpt.pt} are copied out of the zip once, outside the heap. Both are gone after
 * {@link #close}.
 */
public final class Checkpoint implements AutoCloseable {
  private static final String SUPPORTED =
      "a folder with config.json and model.safetensors, a folder with ckpt.pt, a .pt file, a"
          + " .safetensors file, or a .gguf file";

  /** Hears how far a slow load has come. */
  @FunctionalInterface
  public interface Progress {
    /** {@code done} of {@code total} bytes of weights are read. */
    void at(long done, long total);
  }

  /** What a format's reader finds. */
  record Content(
      String format,
      GptConfig config,
      Weights weights,
      Optional<List<String>> characters,
      Optional<BytePairs> bytePairs) {

    /** A format that brings no vocabulary of byte pairs. */
    Content(String format, GptConfig config, Weights weights, Optional<List<String>> characters) {
      this(format, config, weights, characters, Optional.empty());
    }
  }

  private final Path path;
  private final Content content;
  private final Arena arena;

  private Checkpoint(Path path, Content content, Arena arena) {
    this.path = path;
    this.content = content;
    this.arena = arena;
  }

  /** As {@link #open(Path, Progress)}, telling nobody. */
  public static Checkpoint open(Path path) {
    return open(path, (done, total) -> {});
  }

  /**
   * Opens a checkpoint.
   *
   * @param path a folder that holds {@code config.json} and {@code model.safetensors} (or {@code
   *     model.safetensors.index.json}), or nanoGPT's {@code ckpt.pt}; a {@code .pt} file; or a
   *     {@code .safetensors} file with its {@code config.json} beside it; or a {@code .gguf} file
   * @param progress called while the tensors of a {@code .pt} file are read; a mapped file calls it
   *     never
   * @throws GptException where there is no such checkpoint or something in it is not as it should
   *     be: file, tensor, expected and found
   */
  public static Checkpoint open(Path path, Progress progress) {
    return open(path, progress, true);
  }

  /**
   * As {@link #open(Path)} for who needs no weights: the megabytes of a {@code .pt} file stay where
   * they are, and {@link #weights} may be null.
   */
  public static Checkpoint openWithoutWeights(Path path) {
    return open(path, (done, total) -> {}, false);
  }

  private static Checkpoint open(Path path, Progress progress, boolean weights) {
    Arena arena = Arena.ofShared();
    Checkpoint opened = null;
    try {
      opened = new Checkpoint(path, read(path, arena, progress, weights), arena);
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

  private static Content read(Path path, Arena arena, Progress progress, boolean weights)
      throws IOException {
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
        return NanoGptReader.read(nano, arena, progress, weights);
      }
      throw Fault.in(path, "no checkpoint in this folder; expected " + SUPPORTED);
    }
    if (!Files.exists(path)) {
      throw Fault.in(path, "no such file or folder; expected " + SUPPORTED);
    }
    String name = String.valueOf(path.getFileName());
    if (Files.isRegularFile(path) && name.endsWith(".pt")) {
      return NanoGptReader.read(path, arena, progress, weights);
    }
    if (Files.isRegularFile(path) && name.endsWith(".safetensors")) {
      return HuggingFaceReader.readFile(path, arena);
    }
    if (Files.isRegularFile(path) && name.endsWith(GgufReader.EXTENSION)) {
      return GgufReader.readFile(path, arena);
    }
    throw Fault.in(path, "not a checkpoint; expected " + SUPPORTED);
  }

  /** The model's shape. */
  public GptConfig config() {
    return content.config();
  }

  /** The weights, valid until {@link #close}. */
  public Weights weights() {
    return content.weights();
  }

  /**
   * The vocabulary of a character model, index = id, each entry one code point: from {@code
   * meta.pkl} or {@code characters.json} beside the model. It may be shorter than vocab_size.
   */
  public Optional<List<String>> characters() {
    return content.characters();
  }

  /** The vocabulary of byte pairs, where the file brings one; it may have fewer tokens. */
  public Optional<BytePairs> bytePairs() {
    return content.bytePairs();
  }

  /** What the file is, in words: {@code nanoGPT checkpoint}, {@code safetensors}, {@code gguf}. */
  public String format() {
    return content.format();
  }

  /** What was opened. */
  public Path path() {
    return path;
  }

  /** The stored element type; of the token embedding, should a file mix them. */
  public DType dtype() {
    return weights().wte().dtype();
  }

  /** Unmaps or frees the weights; they must not be used afterwards. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
