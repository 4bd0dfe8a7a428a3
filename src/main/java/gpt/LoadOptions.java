package gpt;

import gpt.load.DeviceChoice;
import java.util.Objects;
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
  private static final LoadOptions DEFAULTS =
      new LoadOptions("auto", "f32", 0, "auto", false, 16, fraction -> {});

  private final String device;
  private final String dtype;
  private final int threads;
  private final String kernels;
  private final boolean download;
  private final int maxSequences;
  private final DoubleConsumer progress;

  private LoadOptions(
      String device,
      String dtype,
      int threads,
      String kernels,
      boolean download,
      int maxSequences,
      DoubleConsumer progress) {
    this.device = device;
    this.dtype = dtype;
    this.threads = threads;
    this.kernels = kernels;
    this.download = download;
    this.maxSequences = maxSequences;
    this.progress = progress;
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
    return new LoadOptions(
        Objects.requireNonNull(name), dtype, threads, kernels, download, maxSequences, progress);
  }

  /**
   * Sets the precision of the weight matrices in memory.
   *
   * @param name {@code f32}, the default; {@code bf16}, on the CPU only; {@code f16}; {@code i8},
   *     quantized with a scale for each row
   */
  public LoadOptions dtype(String name) {
    return new LoadOptions(
        device, Objects.requireNonNull(name), threads, kernels, download, maxSequences, progress);
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
    return new LoadOptions(device, dtype, count, kernels, download, maxSequences, progress);
  }

  /**
   * Sets which versions of the kernels a TornadoVM device runs. All are correct on every device.
   *
   * @param name {@code auto}, the default: those for the device's type; {@code gpu}; {@code cpu}
   */
  public LoadOptions kernels(String name) {
    return new LoadOptions(
        device, dtype, threads, Objects.requireNonNull(name), download, maxSequences, progress);
  }

  /**
   * Allows or forbids downloading a model that is not in the Hugging Face cache. Forbidden by
   * default.
   */
  public LoadOptions download(boolean allowed) {
    return new LoadOptions(device, dtype, threads, kernels, allowed, maxSequences, progress);
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
    return new LoadOptions(device, dtype, threads, kernels, download, count, progress);
  }

  /**
   * Sets a listener for the progress of loading.
   *
   * @param listener receives the fraction of the weights that is loaded, 0 to 1; called on several
   *     threads, so fractions may arrive out of order
   */
  public LoadOptions progress(DoubleConsumer listener) {
    return new LoadOptions(
        device, dtype, threads, kernels, download, maxSequences, Objects.requireNonNull(listener));
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

  boolean download() {
    return download;
  }

  int maxSequences() {
    return maxSequences;
  }

  DoubleConsumer progress() {
    return progress;
  }
}
