package gpt.cli;

import gpt.GptException;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.model.GptConfig;
import gpt.tokenizer.Tokenizer;
import gpt.tokenizer.Tokenizers;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A model ready to run, and the tokens it is to run on; the checkpoint is closed again.
 *
 * @param endIds what ends a text
 * @param seconds what that took
 */
record LoadedModel(
    OpenedDevice opened, Optional<Tokenizer> tokenizer, int[] ids, int[] endIds, double seconds)
    implements AutoCloseable {

  /** Makes the tokens, and refuses what the model is not made for, before its weights are read. */
  @FunctionalInterface
  interface Ids {
    int[] of(Optional<Tokenizer> tokenizer, GptConfig config) throws PromptOptions.InvalidException;
  }

  /**
   * Opens a checkpoint and puts the model on its device, with a bar where that takes a while.
   *
   * @param use what the device is wanted for
   * @param bar whether it may be drawn, if standard error is a terminal
   */
  static LoadedModel load(
      ModelOptions model, DeviceOptions device, DeviceOptions.Use use, Ids ids, boolean bar)
      throws PromptOptions.InvalidException {
    Path path = model.path(bar);
    long start = System.nanoTime();
    try (LoadProgress progress = new LoadProgress(bar && Terminal.isStandardError());
        Checkpoint checkpoint = Checkpoint.open(path)) {
      GptConfig config = model.config(checkpoint);
      Optional<Tokenizer> tokenizer = tokenizer(checkpoint, config);
      int[] tokens = ids.of(tokenizer, config);
      OpenedDevice opened =
          device
              .open(config, checkpoint.weights(), use, tokens.length, progress)
              .withNotes(checkpoint.notes());
      double seconds = (System.nanoTime() - start) / 1e9;
      return new LoadedModel(opened, tokenizer, tokens, endIds(checkpoint, tokenizer), seconds);
    }
  }

  /** Those that the checkpoint names, or else its tokenizer's. */
  private static int[] endIds(Checkpoint checkpoint, Optional<Tokenizer> tokenizer) {
    if (!checkpoint.endIds().isEmpty()) {
      return checkpoint.endIds().stream().mapToInt(id -> id).toArray();
    }
    return tokenizer.map(Tokenizer::endOfText).orElse(OptionalInt.empty()).stream().toArray();
  }

  /** The tokenizer of an open checkpoint. */
  static Optional<Tokenizer> tokenizer(Checkpoint checkpoint, GptConfig config) {
    try {
      return Tokenizers.forModel(
          checkpoint.characters(), checkpoint.bytePairs(), config.vocabSize());
    } catch (IllegalArgumentException e) {
      throw new GptException(checkpoint.path() + ": " + e.getMessage(), e);
    }
  }

  Engine engine() {
    return opened.engine();
  }

  @Override
  public void close() {
    opened.engine().close();
  }
}
