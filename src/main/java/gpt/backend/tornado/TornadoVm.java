package gpt.backend.tornado;

import gpt.GptException;

/** Detects TornadoVM in this process and sets the properties that this package relies on. */
public final class TornadoVm {
  private static final String RUNTIME_MODULE = "tornado.runtime";
  private static final String API_CLASS = "uk.ac.manchester.tornado.api.TornadoExecutionPlan";

  /** What implements the TornadoVM API in this process. */
  public enum Presence {
    /** Nothing: no class that uses the API can be loaded. */
    NONE,
    /** TornadoVM. */
    TORNADOVM,
    /** The emulator in {@code src/emulator}. */
    EMULATOR
  }

  private TornadoVm() {}

  /** What implements the API. */
  public static Presence presence() {
    if (ModuleLayer.boot().findModule(RUNTIME_MODULE).isPresent()) {
      return Presence.TORNADOVM;
    }
    try {
      Class.forName(API_CLASS, false, TornadoVm.class.getClassLoader());
      return Presence.EMULATOR;
    } catch (ClassNotFoundException e) {
      return Presence.NONE;
    }
  }

  /**
   * Sets the properties that the runtime reads when its first class is loaded; a property that the
   * user has set keeps its value. Call it before using any class of the API.
   */
  public static void prepare() {
    // Otherwise a kernel that does not compile runs as sequential Java or gives zeros, without an
    // error.
    set("tornado.recover.bailout", "False");
    // The runtime clears event lists of this length for each task of each execution: the default,
    // 32,768, doubles a token's time.
    set("tornado.max.events", "64");
    // The default flags include fast maths: the compiler may assume that there is no NaN, which
    // hides a damaged model, and may reorder sums. Kernels are as fast without them.
    set("tornado.opencl.compiler.flags", "-w");
    // The default, 4,096 bytes, is too small for the graph that owns all arrays.
    set("tornado.tvm.maxbytecodesize", "65536");
    // Otherwise the first execution of each graph looks for @Reduce in all of its kernels.
    set("tornado.experimental.reduce", "False");
    // The runtime parses each kernel for its first backend, and only cuda knows all that kernels
    // use.
    set("tornado.cuda.priority", "1000");
    // The default limit is 4 GB; TornadoEngine checks the device's real memory.
    set("tornado.device.memory", "1024GB");
  }

  private static void set(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /**
   * Whether the runtime failed to start because no OpenCL platform has a device: it opens the first
   * one without a check.
   */
  static boolean findsNoDevice(Throwable e) {
    String text = describe(e);
    return e instanceof LinkageError
        && (text.contains("No OpenCL platforms") || text.contains("ArrayIndexOutOfBounds"));
  }

  /** The messages of an error and its causes, one per line. */
  private static String describe(Throwable e) {
    StringBuilder all = new StringBuilder();
    for (Throwable t = e; t != null && all.length() < 10_000; t = t.getCause()) {
      all.append(t.getClass().getSimpleName()).append(": ").append(t.getMessage()).append('\n');
    }
    return all.toString().replaceAll("\u001B\\[[0-9;]*m", "");
  }

  /**
   * A one-line error for an exception of the runtime, whose messages are long, coloured and often
   * do not name the cause.
   *
   * @param doing the failed action, such as "compiling the kernels"
   */
  public static GptException failure(String doing, Throwable e) {
    String text = describe(e);
    String task = between(text, "Unable to compile task ", "\n");
    String reason;
    if (task != null) {
      reason = "kernel " + task.strip() + " does not compile for this device";
    } else if (text.contains("OutOfMemory") || text.contains("allocate")) {
      reason = "the device has too little memory left";
    } else if (text.contains("Recover option disabled")) {
      reason = "TornadoVM gave no reason; run with -Dtornado.debug=True to see one";
    } else {
      reason =
          text.lines().filter(line -> !line.endsWith(": null")).findFirst().orElse(e.toString());
    }
    return new GptException("TornadoVM failed while " + doing + ": " + reason, e);
  }

  private static String between(String text, String from, String to) {
    int start = text.indexOf(from);
    if (start < 0) {
      return null;
    }
    int begin = start + from.length();
    int end = text.indexOf(to, begin);
    return text.substring(begin, end < 0 ? text.length() : end);
  }
}
