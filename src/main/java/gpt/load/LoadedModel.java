package gpt.load;

import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.tokenizer.ChatTemplate;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A model on a device, and its tokenizer. The checkpoint is closed.
 *
 * @param opened the device with the model
 * @param tokenizer empty if the checkpoint has none: then there are only ids
 * @param endIds ids that end a completion
 * @param chatTemplate how the model was trained on conversations; empty for a base model
 * @param ids the prompt's ids, from {@link Ids}
 * @param seconds time that loading took
 */
public record LoadedModel(
    OpenedDevice opened,
    Optional<Tokenizer> tokenizer,
    int[] endIds,
    Optional<ChatTemplate> chatTemplate,
    int[] ids,
    double seconds)
    implements AutoCloseable {

  /** Message: a text cannot be encoded. */
  public static final String NO_TOKENIZER =
      "this model has no tokenizer: put tokenizer.json (Hugging Face) or meta.pkl (nanoGPT, in"
          + " data/<dataset>/ where it was trained) beside the checkpoint";

  /** Encodes the prompt before the weights are read, so that an invalid prompt fails early. */
  @FunctionalInterface
  public interface Ids {
    /** The ids, possibly none; their number determines the size of the device's buffers. */
    int[] of(Optional<Tokenizer> tokenizer, GptConfig config);
  }

  /**
   * Reads a checkpoint and loads the model to its device.
   *
   * @param path as for {@link Checkpoint#open}
   * @param gelu the form of GELU; empty for the checkpoint's own
   * @param use the planned use; its prompt length is replaced by the number of ids
   * @throws GptException if the checkpoint is invalid or does not fit on the device
   */
  public static LoadedModel load(
      Path path,
      Optional<Gelu> gelu,
      DeviceChoice device,
      DeviceChoice.Use use,
      Ids ids,
      LoadProgress progress) {
    long start = System.nanoTime();
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      GptConfig config = gelu.map(checkpoint.config()::withGelu).orElse(checkpoint.config());
      Optional<Tokenizer> tokenizer = tokenizer(checkpoint, config);
      int[] given = ids.of(tokenizer, config);
      OpenedDevice opened =
          device
              .open(config, checkpoint.weights(), use.ofPrompt(given.length), progress)
              .withNotes(checkpoint.notes());
      double seconds = (System.nanoTime() - start) / 1e9;
      return new LoadedModel(
          opened,
          tokenizer,
          endIds(checkpoint, tokenizer),
          checkpoint.chatTemplate(),
          given,
          seconds);
    }
  }

  /** The checkpoint's end ids, or else the tokenizer's. */
  private static int[] endIds(Checkpoint checkpoint, Optional<Tokenizer> tokenizer) {
    if (!checkpoint.endIds().isEmpty()) {
      return checkpoint.endIds().stream().mapToInt(id -> id).toArray();
    }
    return tokenizer.map(Tokenizer::endOfText).orElse(OptionalInt.empty()).stream().toArray();
  }

  /**
   * The tokenizer of an open checkpoint.
   *
   * @throws GptException if the checkpoint's vocabulary is invalid
   */
  public static Optional<Tokenizer> tokenizer(Checkpoint checkpoint, GptConfig config) {
    try {
      return Tokenizers.forModel(
          checkpoint.characters(), checkpoint.bpeVocabulary(), config.vocabSize());
    } catch (IllegalArgumentException e) {
      throw new GptException(checkpoint.path() + ": " + e.getMessage(), e);
    }
  }

  /** The engine; {@link #close} closes it. */
  public Engine engine() {
    return opened.engine();
  }

  @Override
  public void close() {
    opened.engine().close();
  }
}
