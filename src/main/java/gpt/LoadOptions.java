package gpt;

import gpt.load.DeviceChoice;
import java.util.Objects;
import java.util.function.DoubleConsumer;

/**
 * How a model is loaded. Immutable: each method returns changed options.
 *
 * <pre>{@code
 * Gpt gpt = Gpt.load("gpt2", loadOptions().device("cpu").dtype("bf16").download(true));
 * }</pre>
 *
 * @see Gpt#load(String, LoadOptions)
 */
public final class LoadOptions {
  private static final LoadOptions DEFAULTS =
      new LoadOptions("auto", "f32", 0, false, 16, fraction -> {});

  private final String device;
  private final String dtype;
  private final int threads;
  private final boolean download;
  private final int maxSequences;
  private final DoubleConsumer progress;

  private LoadOptions(
      String device,
      String dtype,
      int threads,
      boolean download,
      int maxSequences,
      DoubleConsumer progress) {
    this.device = device;
    this.dtype = dtype;
    this.threads = threads;
    this.download = download;
    this.maxSequences = maxSequences;
    this.progress = progress;
  }

  /** The best device, weights as f32, a thread for each core, no downloads. */
  public static LoadOptions loadOptions() {
    return DEFAULTS;
  }

  /**
   * Where the model runs.
   *
   * @param name {@code auto}, the default: TornadoVM's device if this process has one, else the
   *     CPU; {@code cpu}; {@code gpu}, TornadoVM's first; {@code tornado}, its default device;
   *     {@code tornado:BACKEND:DEVICE}; {@code reference}, plain double precision, slow
   */
  public LoadOptions device(String name) {
    return new LoadOptions(
        Objects.requireNonNull(name), dtype, threads, download, maxSequences, progress);
  }

  /**
   * How the weights' matrices are kept.
   *
   * @param name {@code f32}, the default; {@code bf16}, on the CPU only; {@code f16}; {@code i8},
   *     with a factor for each row
   */
  public LoadOptions dtype(String name) {
    return new LoadOptions(
        device, Objects.requireNonNull(name), threads, download, maxSequences, progress);
  }

  /**
   * Threads that compute on the CPU.
   *
   * @param count 1 to 1024; the default is one for each core
   */
  public LoadOptions threads(int count) {
    if (count < 1 || count > DeviceChoice.MAX_THREADS) {
      throw new GptException(
          "threads must be from 1 to " + DeviceChoice.MAX_THREADS + ", found " + count);
    }
    return new LoadOptions(device, dtype, count, download, maxSequences, progress);
  }

  /** Whether a model of the hub that is not in the Hugging Face cache is downloaded into it. */
  public LoadOptions download(boolean allowed) {
    return new LoadOptions(device, dtype, threads, allowed, maxSequences, progress);
  }

  /**
   * Texts and beams that are decoded together at most; further ones wait. A TornadoVM device
   * reserves memory for so many, or for as many as it has room for.
   *
   * @param count at least 1; the default is 16
   */
  public LoadOptions maxSequences(int count) {
    if (count < 1) {
      throw new GptException("maxSequences must be 1 or more, found " + count);
    }
    return new LoadOptions(device, dtype, threads, download, count, progress);
  }

  /**
   * Follows loading.
   *
   * @param listener receives the fraction of the weights that is loaded, from 0 to 1; called from
   *     several threads, so fractions may come out of order
   */
  public LoadOptions progress(DoubleConsumer listener) {
    return new LoadOptions(
        device, dtype, threads, download, maxSequences, Objects.requireNonNull(listener));
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
