package gpt.load;

import gpt.GptException;
import gpt.backend.cpu.CpuEngine;
import gpt.checkpoint.Checkpoint;
import gpt.engine.Engine;
import gpt.engine.LoadProgress;
import gpt.generate.draft.Drafter;
import gpt.model.Precision;
import gpt.model.Weights;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/**
 * What drafts tokens for speculative decoding, as {@code --draft} and {@link gpt.LoadOptions} name
 * it.
 *
 * @param kind the kind of drafter
 * @param model name or path of the draft model; null for the other kinds
 */
public record DraftChoice(Kind kind, String model) {
  /** No drafts. */
  public static final DraftChoice NONE = new DraftChoice(Kind.NONE, null);

  /** A kind of drafter. */
  public enum Kind {
    /** Nothing. */
    NONE,
    /** What followed the last tokens before. */
    NGRAM,
    /** The model itself, with its weights in {@code q4}. */
    SELF,
    /** Another model with the same vocabulary. */
    MODEL
  }

  /** Parses {@code none}, {@code ngram}, {@code self}, or else a model's name or path. */
  public static DraftChoice parse(String text) {
    return switch (text) {
      case "none" -> NONE;
      case "ngram" -> new DraftChoice(Kind.NGRAM, null);
      case "self" -> new DraftChoice(Kind.SELF, null);
      default -> new DraftChoice(Kind.MODEL, Objects.requireNonNull(text));
    };
  }

  /**
   * Opens the drafter for a model that has been loaded.
   *
   * @param engine the model's engine
   * @param path the model's file or folder
   * @param device the model's device
   * @param locate finds a model by name or path
   * @return empty for {@link #NONE}
   * @throws GptException if the device cannot verify drafts, or the draft model cannot be loaded or
   *     has another vocabulary
   */
  public Optional<Drafter> open(
      Engine engine, Path path, DeviceChoice device, Function<String, Path> locate) {
    return open(engine, reader -> withWeights(path, reader), device, locate);
  }

  /**
   * As {@link #open(Engine, Path, DeviceChoice, Function)}, from weights that stay open.
   *
   * @param weights the model's weights, which only {@link Kind#SELF} reads
   */
  public Optional<Drafter> open(
      Engine engine, Weights weights, DeviceChoice device, Function<String, Path> locate) {
    return open(engine, reader -> reader.apply(weights), device, locate);
  }

  private static Engine withWeights(Path path, Function<Weights, Engine> reader) {
    try (Checkpoint checkpoint = Checkpoint.open(path)) {
      return reader.apply(checkpoint.weights());
    }
  }

  private Optional<Drafter> open(
      Engine engine,
      Function<Function<Weights, Engine>, Engine> weights,
      DeviceChoice device,
      Function<String, Path> locate) {
    if (kind != Kind.NONE && !engine.verifiesDrafts()) {
      throw new GptException(
          "draft "
              + word()
              + ": device "
              + engine.device()
              + " verifies no drafts; use the cpu, or no drafts");
    }
    return switch (kind) {
      case NONE -> Optional.empty();
      case NGRAM -> Optional.of(Drafter.ngram());
      case SELF -> {
        if (engine.dtype().equals(Precision.Q4.word())) {
          throw new GptException(
              "draft self: the model is in q4 itself, so its drafts would save nothing; use ngram"
                  + " or a smaller model");
        }
        if (!(engine instanceof CpuEngine cpu)) {
          throw new GptException(
              "draft self: needs device cpu, found " + engine.device() + "; use ngram or a model");
        }
        yield Optional.of(Drafter.self(() -> weights.apply(each -> lower(cpu, each))));
      }
      case MODEL -> {
        Engine drafts = load(locate.apply(model), device);
        int size = drafts.config().vocabSize();
        if (size != engine.config().vocabSize()) {
          drafts.close();
          throw new GptException(
              "draft "
                  + model
                  + ": it has "
                  + size
                  + " token ids and the model "
                  + engine.config().vocabSize()
                  + "; use a model with the same vocabulary");
        }
        yield Optional.of(Drafter.model(drafts));
      }
    };
  }

  /** The same model in q4, which steps the engine's sequences. */
  private static Engine lower(CpuEngine cpu, Weights weights) {
    HostMemory.check(each -> HostMemory.weights(weights, each), Precision.Q4);
    return cpu.drafting(weights, Precision.Q4);
  }

  /** As {@code --draft} names it. */
  public String word() {
    return kind == Kind.MODEL ? model : kind.name().toLowerCase(Locale.ROOT);
  }

  private static Engine load(Path path, DeviceChoice device) {
    DeviceChoice cpu =
        new DeviceChoice(
            Device.of(Device.Kind.CPU),
            device.precision(),
            device.threads(),
            device.kernels(),
            false);
    return LoadedModel.load(
            path,
            Optional.empty(),
            cpu,
            DeviceChoice.Use.LOGITS,
            (tokenizer, config) -> new int[0],
            LoadProgress.NONE)
        .engine();
  }
}
