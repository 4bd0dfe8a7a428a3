package gpt.model;

/** Which versions of the kernels a TornadoVM device runs; all are correct on every device. */
public enum Kernels {
  /** Those for the device's type. */
  AUTO("auto"),
  /** Those for GPUs: many threads in workgroups, which share local memory. */
  GPU("gpu"),
  /** Those for CPUs: few threads, which share nothing. */
  CPU("cpu");

  private final String word;

  Kernels(String word) {
    this.word = word;
  }

  /**
   * The constant with a name, such as {@code gpu}.
   *
   * @throws IllegalArgumentException where none has it
   */
  public static Kernels parse(String word) {
    for (Kernels each : values()) {
      if (each.word.equals(word)) {
        return each;
      }
    }
    throw new IllegalArgumentException("expected auto, gpu or cpu, found '" + word + "'");
  }
}
