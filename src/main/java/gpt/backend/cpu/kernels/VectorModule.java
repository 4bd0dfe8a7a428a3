package gpt.backend.cpu.kernels;

/** The Vector API's module in this JVM. Java resolves an incubator module only on request. */
public final class VectorModule {
  /** The module's name. */
  public static final String NAME = "jdk.incubator.vector";

  private static final boolean LOADED = ModuleLayer.boot().findModule(NAME).isPresent() || load();

  private VectorModule() {}

  /** Whether the module is loaded. Using this class loads it where that is possible. */
  public static boolean isLoaded() {
    return LOADED;
  }

  /**
   * Loads the module at run time, as the JVM loads {@code java.instrument} when an agent attaches.
   * The kernels are as fast as with {@code --add-modules}, and the JVM prints no warning about
   * incubator modules. Needs {@code --add-exports java.base/jdk.internal.module=ALL-UNNAMED}, which
   * {@code scripts/gpt} sets.
   */
  private static boolean load() {
    try {
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, NAME);
      return true;
    } catch (ReflectiveOperationException e) {
      return false; // not exported, no such module, or a Java version without this method
    }
  }
}
