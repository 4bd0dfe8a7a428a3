package gpt.backend.cpu;

/**
 * The module of the Vector API in this JVM. Java loads an incubating module only where asked to.
 */
public final class VectorModule {
  /** The module's name. */
  public static final String NAME = "jdk.incubator.vector";

  private static final boolean LOADED = ModuleLayer.boot().findModule(NAME).isPresent() || load();

  private VectorModule() {}

  /** Whether the module is loaded. The first call loads it where that is possible. */
  public static boolean isLoaded() {
    return LOADED;
  }

  /**
   * Loads the module into the boot loader as the JVM does with {@code java.instrument} when an
   * agent is attached. It is then as fast as with {@code --add-modules}, but the JVM does not print
   * its warning of incubator modules. Possible only with {@code --add-exports
   * java.base/jdk.internal.module=ALL-UNNAMED}, which {@code scripts/gpt} gives.
   */
  private static boolean load() {
    try {
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, NAME);
      return true;
    } catch (ReflectiveOperationException e) {
      return false; // not exported, no such module, or another Java without that method
    }
  }
}
