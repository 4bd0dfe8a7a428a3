package gpt.backend.cpu;

/** Chooses the kernels once: the Vector API where this JVM has it, else plain Java. */
public final class CpuKernelsProvider {
  private static final String VECTOR_KERNELS = "gpt.backend.cpu.VectorKernels";

  /** What was chosen; {@code refusal} says why not the Vector API, null where it was chosen. */
  record Choice(CpuKernels kernels, String refusal) {}

  private static final Choice CHOICE = choose();

  private CpuKernelsProvider() {}

  /** The kernels every {@link CpuEngine} uses unless told otherwise. */
  static CpuKernels kernels() {
    return CHOICE.kernels();
  }

  /** The same ones, for a small model's weights in f32: they start faster, and end up as fast. */
  static CpuKernels tiered() {
    return CHOICE.refusal() == null ? new TieredKernels(kernels()) : kernels();
  }

  /** In words: {@code Vector API, 512-bit} or {@code plain Java}. */
  public static String description() {
    return CHOICE.kernels().description();
  }

  /** Why the Vector API is not used; null where it is. */
  public static String refusal() {
    return CHOICE.refusal();
  }

  private static Choice choose() {
    if (!VectorModule.isLoaded()) {
      return new Choice(
          new PlainKernels(),
          "the module jdk.incubator.vector is not resolved"
              + " (start java with --add-modules jdk.incubator.vector)");
    }
    try {
      CpuKernels vector = vector();
      if (vector.panelWidth() < 8) {
        return new Choice(new PlainKernels(), "this CPU's vectors hold fewer than 4 floats");
      }
      return new Choice(vector, null);
    } catch (ReflectiveOperationException | LinkageError e) {
      return new Choice(new PlainKernels(), "the Vector API does not load: " + e);
    }
  }

  /** By name, so that no other class needs the incubator module to load. */
  private static CpuKernels vector() throws ReflectiveOperationException {
    return (CpuKernels) Class.forName(VECTOR_KERNELS).getDeclaredConstructor().newInstance();
  }
}
