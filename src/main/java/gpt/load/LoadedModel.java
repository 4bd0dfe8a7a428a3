package gpt.load;

import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.model.Gelu;
import gpt.model.GptConfig;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A model on a device, and its tokenizer; the checkpoint is closed again.
 *
 * @param opened the device
 * @param tokenizer empty where the checkpoint has none: then there are ids only
 * @param endIds ids that end a text
 * @param ids what the model was loaded for, as {@link Ids} gave them
 * @param seconds what loading took
 */
public record LoadedModel(
    OpenedDevice opened, Optional<Tokenizer> tokenizer, int[] endIds, int[] ids, double seconds)
    implements AutoCloseable {

  /**
   * Makes the ids that are to be processed, and refuses what the model is not made for, before its
   * weights are read.
   *
   * @param <X> what it throws
   */
  @FunctionalInterface
  public interface Ids<X extends Exception> {
    /** The ids, which may be none; their number sizes a device's arrays. */
    int[] of(Optional<Tokenizer> tokenizer, GptConfig config) throws X;
  }

  /**
   * Reads a checkpoint and puts the model on its device.
   *
   * @param path what {@link Checkpoint#open} takes
   * @param gelu the activation's form, empty for the checkpoint's own
   * @param use what the device is wanted for; its prompt length is that of the ids
   * @throws GptException where the checkpoint is not right, or does not fit on the device
   */
  public static <X extends Exception> LoadedModel load(
      Path path,
      Optional<Gelu> gelu,
      DeviceChoice device,
      DeviceChoice.Use use,
      Ids<X> ids,
      LoadProgress progress)
      throws X {
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
      return new LoadedModel(opened, tokenizer, endIds(checkpoint, tokenizer), given, seconds);
    }
  }

  /** Those that the checkpoint names, or else its tokenizer's. */
  private static int[] endIds(Checkpoint checkpoint, Optional<Tokenizer> tokenizer) {
    if (!checkpoint.endIds().isEmpty()) {
      return checkpoint.endIds().stream().mapToInt(id -> id).toArray();
    }
    return tokenizer.map(Tokenizer::endOfText).orElse(OptionalInt.empty()).stream().toArray();
  }

  /**
   * The tokenizer of an open checkpoint.
   *
   * @throws GptException where the checkpoint's vocabulary is not right
   */
  public static Optional<Tokenizer> tokenizer(Checkpoint checkpoint, GptConfig config) {
    try {
      return Tokenizers.forModel(
          checkpoint.characters(), checkpoint.bpeVocabulary(), config.vocabSize());
    } catch (IllegalArgumentException e) {
      throw new GptException(checkpoint.path() + ": " + e.getMessage(), e);
    }
  }

  /** The engine, which {@link #close} closes. */
  public Engine engine() {
    return opened.engine();
  }

  @Override
  public void close() {
    opened.engine().close();
  }
}
