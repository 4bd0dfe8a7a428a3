package gpt;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import gpt.engine.LoadProgress;
import gpt.generate.SchedulerListener;
import gpt.load.Device;
import gpt.load.DeviceChoice;
import gpt.load.DraftChoice;
import gpt.load.LoadedModel;
import gpt.load.ModelLocator;
import gpt.load.SharedModel;
import gpt.model.Approximations;
import gpt.model.Kernels;
import gpt.model.KvPrecision;
import gpt.model.Precision;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** Loads models for {@link Gpt}, and logs what the user should know of them. */
final class Loading {
  private static final AtomicBoolean SLOW_WARNED = new AtomicBoolean();

  /** Log-probabilities per token that a TornadoVM device allocates buffers for. */
  private static final int DEVICE_LOGPROBS = 20;

  private Loading() {}

  /** Loads a model as {@link Gpt#load(String, LoadOptions)} does, and logs its notes. */
  static SharedModel load(String name, LoadOptions options) {
    Path path = ModelLocator.locate(name, options.download());
    DeviceChoice choice = choice(options);
    DeviceChoice.Use use = new DeviceChoice.Use(options.maxSequences(), false, DEVICE_LOGPROBS, 1);
    LoadProgress progress = options.progress()::accept;
    SharedModel model =
        SharedModel.load(
            () ->
                LoadedModel.load(
                    path, Optional.empty(), choice, use, (tokenizer, c) -> new int[0], progress),
            options.maxSequences(),
            loaded ->
                DraftChoice.parse(options.draft())
                    .open(
                        loaded.engine(),
                        path,
                        choice,
                        other -> ModelLocator.locate(other, options.download())),
            SchedulerListener.NONE);
    log(model.loaded());
    return model;
  }

  private static DeviceChoice choice(LoadOptions options) {
    try {
      return new DeviceChoice(
          Device.parse(options.device()),
          Precision.parse(options.dtype()),
          options.threads() > 0 ? options.threads() : DeviceChoice.defaultThreads(),
          Kernels.parse(options.kernels()),
          new Approximations(KvPrecision.parse(options.kvDtype()), options.fastPrefill()),
          false);
    } catch (IllegalArgumentException e) {
      throw new GptException(e.getMessage(), e);
    }
  }

  private static void log(LoadedModel loaded) {
    System.Logger log = System.getLogger("gpt");
    Optional<String> slow = loaded.opened().slow();
    for (String note : loaded.opened().notes()) {
      boolean warned = slow.filter(note::equals).isPresent();
      if (!warned || SLOW_WARNED.compareAndSet(false, true)) {
        log.log(warned ? WARNING : DEBUG, note);
      }
    }
  }
}
