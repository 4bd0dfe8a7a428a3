package gpt.backend.tornado;

import gpt.GptException;

/**
 * Whether there is a TornadoVM in this process, and the settings that everything here relies on.
 */
public final class TornadoVm {
  private static final String RUNTIME_MODULE = "tornado.runtime";
  private static final String API_CLASS = "uk.ac.manchester.tornado.api.TornadoExecutionPlan";

  /** What stands behind the TornadoVM API in this process. */
  public enum Presence {
    /** Nothing: no class of this package that uses the API can be loaded. */
    NONE,
    /** The TornadoVM that this process was started with. */
    TORNADOVM,
    /** The stand-in of {@code src/emulator}. */
    EMULATOR
  }

  private TornadoVm() {}

  /** What is there. */
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
   * Sets what the runtime reads when its first class is loaded, unless the user has set it: call it
   * before any other class of the API.
   */
  static void prepare() {
    // A kernel that does not compile would run as sequential Java, or give zeros, with exit status
    // 0.
    set("tornado.recover.bailout", "False");
    // Lists of that many events are cleared for each task of each execution: the default, 32,768,
    // doubles a token's time.
    set("tornado.max.events", "64");
    // The runtime's own flags let an OpenCL compiler assume that there is no NaN, which would hide
    // a damaged model, and round sums and products its own way. Without, kernels are as fast.
    set("tornado.opencl.compiler.flags", "-w");
    // The default, 4,096 bytes, has no room for the graph that owns all arrays.
    set("tornado.tvm.maxbytecodesize", "65536");
    // A limit of the runtime's own, 4 GB; what the device has is checked by TornadoEngine.
    set("tornado.device.memory", "1024GB");
  }

  private static void set(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /**
   * Whether the runtime has failed to start for want of a device: it takes the first one, and there
   * is no OpenCL platform, or none of them has a device.
   */
  static boolean findsNoDevice(Throwable e) {
    String text = describe(e);
    return e instanceof LinkageError
        && (text.contains("No OpenCL platforms") || text.contains("ArrayIndexOutOfBounds"));
  }

  /** The messages of an error and its causes, a line each. */
  private static String describe(Throwable e) {
    StringBuilder all = new StringBuilder();
    for (Throwable t = e; t != null && all.length() < 10_000; t = t.getCause()) {
      all.append(t.getClass().getSimpleName()).append(": ").append(t.getMessage()).append('\n');
    }
    return all.toString().replaceAll("\u001B\\[[0-9;]*m", "");
  }

  /**
   * One line for what the runtime throws, whose own messages are long, coloured and often do not
   * name the cause.
   *
   * @param doing what was being done, as in "compiling the kernels"
   */
  static GptException failure(String doing, Throwable e) {
    String text = describe(e);
    String task = between(text, "Unable to compile task ", "\n");
    String reason;
    if (task != null) {
      reason = "kernel " + task.strip() + " does not compile for this device";
    } else if (text.contains("OutOfMemory") || text.contains("allocate")) {
      reason = "the device has too little memory left";
    } else if (text.contains("Recover option disabled")) {
      reason = "TornadoVM gave up and does not say why; -Dtornado.debug=True makes it";
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
