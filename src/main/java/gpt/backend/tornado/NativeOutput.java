package gpt.backend.tornado;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;

/**
 * Discards what native code prints to standard output. TornadoVM's OpenCL library prints an error
 * there for each call that a platform rejects, for example a platform without a device.
 */
@SuppressWarnings("restricted") // calls C functions whose signatures are written out below
final class NativeOutput {
  private static final int STANDARD_OUTPUT = 1;
  private static final int WRITE_ONLY = 1;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  private NativeOutput() {}

  /**
   * Runs an action with standard output redirected to /dev/null; the action itself must not print.
   * Does not redirect where {@code tornado.debug} is set, native access is disabled, or on Windows.
   */
  static <T> T discarding(Supplier<T> action) {
    if (Boolean.getBoolean("tornado.debug")
        || !NativeOutput.class.getModule().isNativeAccessEnabled()
        || System.getProperty("os.name").startsWith("Windows")) {
      return action.get();
    }
    System.out.flush();
    MethodHandle dup2 = function("dup2", FunctionDescriptor.of(INT, INT, INT));
    MethodHandle close = function("close", FunctionDescriptor.of(INT, INT));
    int kept = call(function("dup", FunctionDescriptor.of(INT, INT)), STANDARD_OUTPUT);
    if (kept < 0) {
      return action.get(); // standard output is closed
    }
    try {
      int devNull = openDevNull();
      if (devNull >= 0) {
        call(dup2, devNull, STANDARD_OUTPUT);
        call(close, devNull);
      }
      return action.get();
    } finally {
      call(dup2, kept, STANDARD_OUTPUT);
      call(close, kept);
    }
  }

  private static int openDevNull() {
    MethodHandle open = function("open", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT));
    try (Arena arena = Arena.ofConfined()) {
      return call(open, arena.allocateFrom("/dev/null"), WRITE_ONLY);
    }
  }

  private static MethodHandle function(String name, FunctionDescriptor signature) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), signature);
  }

  private static int call(MethodHandle function, Object... arguments) {
    try {
      return (int) function.invokeWithArguments(arguments);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
