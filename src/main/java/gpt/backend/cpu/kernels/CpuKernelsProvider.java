package gpt.backend.cpu.kernels;

/** Chooses the kernels once per JVM: the Vector API where it is available, else plain Java. */
public final class CpuKernelsProvider {
  private static final String VECTOR_KERNELS =
      CpuKernelsProvider.class.getPackageName() + ".VectorKernels";

  /** Panel width without the Vector API: the columns of {@link ScalarMatmul}'s micro-kernel. */
  private static final int PLAIN_WIDTH = 8;

  /** The kernels, and why they are plain Java; null where they use the Vector API. */
  record Choice(CpuKernels kernels, String fallbackReason) {}

  private static final Choice CHOICE = choose();

  private CpuKernelsProvider() {}

  /** The default kernels of a {@code CpuEngine}. */
  public static CpuKernels kernels() {
    return CHOICE.kernels();
  }

  /**
   * The default kernels behind a fast start, for small models: {@link TieredKernels}.
   *
   * @param warmUp of the default kernels
   */
  public static CpuKernels tiered(WarmUp warmUp) {
    return CHOICE.fallbackReason() == null ? new TieredKernels(kernels(), warmUp) : kernels();
  }

  /** {@code Vector API, 512-bit}, for example, or {@code plain Java}. */
  public static String description() {
    return CHOICE.kernels().description();
  }

  /** Why the Vector API is not used; null where it is used. */
  public static String fallbackReason() {
    return CHOICE.fallbackReason();
  }

  private static Choice choose() {
    if (!VectorModule.load()) {
      return new Choice(new ScalarKernels(PLAIN_WIDTH), VectorModule.absence());
    }
    try {
      CpuKernels vector = vector();
      if (vector.panelWidth() < 8) {
        return new Choice(
            new ScalarKernels(PLAIN_WIDTH), "this CPU's vectors hold fewer than 4 floats");
      }
      return new Choice(vector, null);
    } catch (ReflectiveOperationException | LinkageError e) {
      return new Choice(new ScalarKernels(PLAIN_WIDTH), "the Vector API does not load: " + e);
    }
  }

  /** Loads the class by name, so that no other class needs the incubator module to load. */
  private static CpuKernels vector() throws ReflectiveOperationException {
    return (CpuKernels) Class.forName(VECTOR_KERNELS).getDeclaredConstructor().newInstance();
  }
}
