package gpt.backend.cpu.kernels;

import java.lang.module.ModuleFinder;

/**
 * The Vector API's module in this JVM. Java resolves an incubator module only on request. With the
 * system property {@code gpt.vectors=false} it stays unloaded: for the run that makes the AOT
 * cache, and to compare.
 */
public final class VectorModule {
  private static final String NAME = "jdk.incubator.vector";

  private static final String PROPERTY = "gpt.vectors";

  private VectorModule() {}

  /** Whether this Java has the module, loaded or not. */
  public static boolean isInstalled() {
    return ModuleFinder.ofSystem().find(NAME).isPresent();
  }

  /**
   * Loads the module unless the JVM has resolved it at its start: at run time, as the JVM loads
   * {@code java.instrument} when an agent attaches. The kernels are as fast as with {@code
   * --add-modules}, and the JVM prints no warning about incubator modules. Needs the package of
   * {@code Modules} exported: gpt.jar's manifest does that with {@code Add-Exports}, and on a class
   * path {@code --add-exports java.base/jdk.internal.module=ALL-UNNAMED}.
   *
   * @return whether it is loaded
   */
  static boolean load() {
    if (ModuleLayer.boot().findModule(NAME).isPresent()) {
      return true;
    }
    if (System.getProperty(PROPERTY, "").equals("false")) {
      return false;
    }
    try {
      Class.forName("jdk.internal.module.Modules")
          .getMethod("loadModule", String.class)
          .invoke(null, NAME);
      return true;
    } catch (ReflectiveOperationException e) {
      return false; // not exported, no such module, or a Java version without this method
    }
  }

  /** Why the module is not loaded, and what to do about it. */
  static String absence() {
    return isInstalled()
        ? "the module " + NAME + " is not resolved (start java with --add-modules " + NAME + ")"
        : "this Java (" + System.getProperty("java.home") + ") has no module " + NAME;
  }
}
