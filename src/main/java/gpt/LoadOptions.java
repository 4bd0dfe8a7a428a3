package gpt;

import gpt.load.DeviceChoice;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;

/**
 * Options for loading a model. Immutable: each method returns a changed copy.
 *
 * <pre>{@code
 * Gpt gpt = Gpt.load("gpt2", loadOptions().device("cpu").dtype("bf16").download(true));
 * }</pre>
 *
 * @see Gpt#load(String, LoadOptions)
 */
public final class LoadOptions {
  private static final LoadOptions DEFAULTS = new LoadOptions();

  // Set before a copy is returned, never later.
  private String device = "auto";
  private String dtype = "f32";
  private int threads; // 0: one per core
  private String kernels = "auto";
  private String kvDtype = "f32";
  private boolean fastPrefill;
  private boolean download;
  private int maxSequences = 16;
  private String draft = "none";
  private DoubleConsumer progress = fraction -> {};

  private LoadOptions() {}

  private LoadOptions with(Consumer<LoadOptions> change) {
    LoadOptions copy = new LoadOptions();
    copy.device = device;
    copy.dtype = dtype;
    copy.threads = threads;
    copy.kernels = kernels;
    copy.kvDtype = kvDtype;
    copy.fastPrefill = fastPrefill;
    copy.download = download;
    copy.maxSequences = maxSequences;
    copy.draft = draft;
    copy.progress = progress;
    change.accept(copy);
    return copy;
  }

  /** The defaults: the best device, f32 weights, one thread per core, no downloads. */
  public static LoadOptions loadOptions() {
    return DEFAULTS;
  }

  /**
   * Sets the device.
   *
   * @param name {@code auto}, the default: TornadoVM's device if this process has one, else the
   *     CPU; {@code cpu}; {@code gpu}, TornadoVM's first GPU; {@code tornado}, TornadoVM's default
   *     device; {@code tornado:BACKEND:DEVICE}; {@code reference}, a slow implementation in double
   *     precision
   */
  public LoadOptions device(String name) {
    Objects.requireNonNull(name);
    return with(copy -> copy.device = name);
  }

  /**
   * Sets the precision of the weight matrices in memory.
   *
   * @param name {@code f32}, the default; {@code bf16}, on the CPU only; {@code f16}; {@code i8},
   *     quantized with a scale for each row; {@code q4}, 4 bits with a scale for each 32 weights,
   *     and {@code stored}, each matrix in its file's type, both on the CPU only
   */
  public LoadOptions dtype(String name) {
    Objects.requireNonNull(name);
    return with(copy -> copy.dtype = name);
  }

  /**
   * Sets the number of CPU threads.
   *
   * @param count 1 to 1024; the default is one per core
   */
  public LoadOptions threads(int count) {
    if (count < 1 || count > DeviceChoice.MAX_THREADS) {
      throw new GptException(
          "threads must be from 1 to " + DeviceChoice.MAX_THREADS + ", found " + count);
    }
    return with(copy -> copy.threads = count);
  }

  /**
   * Sets which versions of the kernels a TornadoVM device runs. All are correct on every device.
   *
   * @param name {@code auto}, the default: those for the device's type; {@code gpu}; {@code cpu}
   */
  public LoadOptions kernels(String name) {
    Objects.requireNonNull(name);
    return with(copy -> copy.kernels = name);
  }

  /**
   * Sets the precision of the keys and values on a TornadoVM device.
   *
   * @param name {@code f32}, the default; {@code f16}: half the memory, and logits that differ a
   *     little
   */
  public LoadOptions kvDtype(String name) {
    Objects.requireNonNull(name);
    return with(copy -> copy.kvDtype = name);
  }

  /**
   * Computes prompts on a GPU's tensor cores, from halves, or not, which is the default. Logits
   * then change a little, and with how a prompt is divided: results are not batch-invariant. Needs
   * TornadoVM's {@code cuda} backend.
   */
  public LoadOptions fastPrefill(boolean allowed) {
    return with(copy -> copy.fastPrefill = allowed);
  }

  /**
   * Allows or forbids downloading a model that is not in the Hugging Face cache. Forbidden by
   * default.
   */
  public LoadOptions download(boolean allowed) {
    return with(copy -> copy.download = allowed);
  }

  /**
   * Sets the maximum number of completions and beams that are decoded at once; further ones wait. A
   * TornadoVM device allocates KV caches for this number, or for as many as fit into its memory.
   *
   * @param count at least 1; the default is 16
   */
  public LoadOptions maxSequences(int count) {
    if (count < 1) {
      throw new GptException("maxSequences must be 1 or more, found " + count);
    }
    return with(copy -> copy.maxSequences = count);
  }

  /**
   * Turns on speculative decoding, on the CPU: several guesses of the next tokens are verified in
   * one step. This changes the speed only: completions have the same tokens.
   *
   * @param name {@code none}, the default; {@code ngram}: guess what followed the last tokens
   *     before, for text that repeats itself; {@code self}: draw the guesses with the same model in
   *     {@code q4}, which is prepared in the background once enough tokens are decoded; or the name
   *     or path of a smaller model with the same vocabulary
   */
  public LoadOptions draft(String name) {
    Objects.requireNonNull(name);
    return with(copy -> copy.draft = name);
  }

  /**
   * Sets a listener for the progress of loading.
   *
   * @param listener receives the fraction of the weights that is loaded, 0 to 1; called on several
   *     threads, so fractions may arrive out of order
   */
  public LoadOptions progress(DoubleConsumer listener) {
    Objects.requireNonNull(listener);
    return with(copy -> copy.progress = listener);
  }

  String device() {
    return device;
  }

  String dtype() {
    return dtype;
  }

  int threads() {
    return threads;
  }

  String kernels() {
    return kernels;
  }

  String kvDtype() {
    return kvDtype;
  }

  boolean fastPrefill() {
    return fastPrefill;
  }

  boolean download() {
    return download;
  }

  int maxSequences() {
    return maxSequences;
  }

  String draft() {
    return draft;
  }

  DoubleConsumer progress() {
    return progress;
  }
}
