package gpt.cli.start;

import gpt.backend.cpu.kernels.VectorModule;
import gpt.load.HostMemory;
import gpt.load.ModelLocator;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jline.utils.Signals;

/**
 * Starts a second JVM with the Vector API. Java resolves an incubating module only if its command
 * line says so; a jar's manifest cannot. A plain {@code java -jar gpt.jar} therefore starts the
 * same program again with the flags. {@code scripts/gpt} passes the flag that {@link VectorModule}
 * needs and so needs no child.
 */
public final class ChildJvm {
  private static final String VECTOR = VectorModule.NAME;

  /** Set in the child to the parent's process id, so that the child starts no other child. */
  private static final String PARENT_PROPERTY = "gpt.child";

  /** The exit status after SIGTERM. */
  private static final int TERMINATED = 128 + 15;

  /** Commands and options that run no model, and so are no faster with the Vector API. */
  private static final Set<String> WITHOUT_VECTORS =
      Set.of(
          "tokens",
          "softmax",
          "info",
          "download",
          "models",
          "devices",
          "export",
          "completion",
          "help",
          "-h",
          "--help",
          "-V",
          "--version");

  /** The command whose child alone handles Ctrl-C. */
  private static final String CHAT = "chat";

  /** Commands that finish running requests when they receive SIGTERM. */
  private static final Set<String> PATIENT = Set.of("serve");

  private static String refusal;

  private ChildJvm() {}

  /** Whether this Java has the Vector API's module, resolved or not. */
  public static boolean vectorInstalled() {
    return ModuleFinder.ofSystem().find(VECTOR).isPresent();
  }

  /**
   * Runs the command line in a child JVM if it needs the Vector API and this JVM has not loaded it.
   *
   * @param main the program's main class
   * @return the child's exit status; empty if the command is to run in this JVM
   */
  public static OptionalInt run(Class<?> main, String[] args) {
    String parent = System.getProperty(PARENT_PROPERTY);
    if (parent != null) {
      exitWith(parent);
      return OptionalInt.empty();
    }
    if (args.length > 0 && WITHOUT_VECTORS.contains(args[0]) || VectorModule.isLoaded()) {
      return OptionalInt.empty();
    }
    List<String> own = jvmOptions(Arguments.commandLine(), args.length);
    if (!vectorInstalled()) {
      refusal = "this Java (" + System.getProperty("java.home") + ") has no module " + VECTOR;
    } else if (debugged(own, System.getenv())) {
      refusal = "a debugger is attached, so no second JVM is started; add --add-modules " + VECTOR;
    } else {
      try {
        return OptionalInt.of(start(main, own, args));
      } catch (IOException e) {
        refusal = "a second JVM with --add-modules " + VECTOR + " did not start: " + e.getMessage();
      }
    }
    return OptionalInt.empty();
  }

  /** Why {@link #run} did not start a child although one was needed; else empty. */
  public static Optional<String> refusal() {
    return Optional.ofNullable(refusal);
  }

  private static int start(Class<?> main, List<String> own, String[] args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(own);
    command.addAll(startOptions(own, System.getenv(), System.getProperty("java.class.path")));
    command.addAll(memoryOption(own, System.getenv()));
    // The jar's manifest allows native access, but only with -jar.
    command.addAll(List.of("--add-modules", VECTOR, "--enable-native-access=ALL-UNNAMED"));
    command.add("-D" + PARENT_PROPERTY + "=" + ProcessHandle.current().pid());
    command.addAll(Arguments.propertyForChild(args));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(Arguments.forChild(args));
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    if (ModelLocator.asciiLocale()) {
      builder.environment().put("LC_ALL", "C.UTF-8");
    }
    if (args.length > 0 && args[0].equals(CHAT)) {
      // The terminal sends Ctrl-C to both processes; only the child knows what it is to end.
      Signals.register("INT", () -> {});
    }
    Process child = new Guard(PATIENT.contains(args.length > 0 ? args[0] : "")).start(builder);
    while (child != null) {
      try {
        return child.waitFor();
      } catch (InterruptedException e) {
        // Nothing interrupts the main thread: keep waiting.
      }
    }
    return TERMINATED; // never used: the JVM exits with the status of its signal
  }

  /** Stops the child when this JVM exits, also if the signal comes while the child is started. */
  private static final class Guard {
    private final boolean patient;
    private Process child;
    private boolean stopping;

    /**
     * Creates a guard without a child.
     *
     * @param patient whether the child bounds the time itself that it takes to stop
     */
    Guard(boolean patient) {
      this.patient = patient;
    }

    /** Starts the child; null if this JVM is already shutting down. */
    Process start(ProcessBuilder builder) throws IOException {
      try {
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop));
      } catch (IllegalStateException e) {
        return null;
      }
      synchronized (this) { // stop() either waits for the child or prevents it
        if (!stopping) {
          child = builder.start();
        }
        return child;
      }
    }

    private synchronized void stop() {
      stopping = true;
      if (child == null) {
        return;
      }
      if (!child.isAlive()) {
        return;
      }
      child.destroy();
      try {
        if (patient) {
          Runtime.getRuntime().halt(child.waitFor()); // with the child's exit status
        }
        if (!child.waitFor(2, TimeUnit.SECONDS)) {
          child.destroyForcibly();
        }
      } catch (InterruptedException e) {
        child.destroyForcibly();
      }
    }
  }

  /**
   * Exits this child when its parent exits: a parent that is killed (SIGKILL) cannot stop it. If
   * the parent is already another process, the original one has exited.
   */
  private static void exitWith(String pid) {
    Optional<ProcessHandle> parent =
        ProcessHandle.current().parent().filter(p -> String.valueOf(p.pid()).equals(pid));
    if (parent.isEmpty()) {
      Runtime.getRuntime().halt(TERMINATED);
    }
    parent.get().onExit().thenRun(() -> Runtime.getRuntime().halt(TERMINATED));
  }

  /**
   * The options that this JVM was started with, without the class path and the jar. A child
   * inherits {@code JDK_JAVA_OPTIONS} and {@code JAVA_TOOL_OPTIONS} through the environment.
   *
   * @param commandLine the whole command line, beginning with the program
   * @param arguments how many of its last entries are arguments of gpt
   */
  static List<String> jvmOptions(List<String> commandLine, int arguments) {
    // The entry before the arguments is the jar or the main class.
    int end = commandLine.size() - arguments - 1;
    List<String> options = new ArrayList<>();
    for (int i = 1; i < end; i++) {
      switch (commandLine.get(i)) {
        case "-jar" -> {}
        case "-cp", "-classpath", "--class-path" -> i++;
        case String option when option.startsWith("--class-path=") -> {}
        case String option -> options.add(option);
      }
    }
    return options;
  }

  /**
   * Options with which a JVM starts faster; none if the user has chosen a collector or an archive.
   * They are the serial collector, which starts fastest and is enough because decoding allocates no
   * garbage, and the build's AOT cache, {@code gpt.aot} beside {@code gpt.jar}. Java ignores a
   * cache of another jar or another Java.
   */
  static List<String> startOptions(
      List<String> jvmOptions, Map<String, String> environment, String jar) {
    String given = given(jvmOptions, environment);
    if (Stream.of("AOT", "Share", "share", "GC").anyMatch(given::contains)) {
      return List.of();
    }
    List<String> options = new ArrayList<>(List.of("-XX:+UseSerialGC"));
    Path cache = Path.of(jar.replaceFirst("\\.jar$", "") + ".aot");
    if (jar.endsWith(".jar") && Files.isReadable(cache)) {
      options.add("-XX:AOTCache=" + cache);
      options.add("-Xlog:aot*=off");
    }
    return options;
  }

  /**
   * The option that lets Java allocate as much direct memory (outside its heap) as the machine has;
   * none if the user has set a limit. Java's default limit is the maximum heap size, too little for
   * a large model.
   */
  static List<String> memoryOption(List<String> jvmOptions, Map<String, String> environment) {
    return given(jvmOptions, environment).contains("MaxDirectMemorySize")
        ? List.of()
        : HostMemory.installed().stream()
            .mapToObj(bytes -> "-XX:MaxDirectMemorySize=" + bytes)
            .toList();
  }

  private static String given(List<String> jvmOptions, Map<String, String> environment) {
    return String.join(" ", jvmOptions)
        + environment.getOrDefault("JDK_JAVA_OPTIONS", "")
        + environment.getOrDefault("JAVA_TOOL_OPTIONS", "");
  }

  /**
   * Whether this JVM has a debug agent: the debugger is attached to this process, and a child with
   * the same option could not open the same port.
   */
  static boolean debugged(List<String> jvmOptions, Map<String, String> environment) {
    return jvmOptions.stream().anyMatch(ChildJvm::debugs)
        || debugs(environment.getOrDefault("JDK_JAVA_OPTIONS", ""))
        || debugs(environment.getOrDefault("JAVA_TOOL_OPTIONS", ""));
  }

  private static boolean debugs(String options) {
    return options.contains("-agentlib:jdwp") || options.contains("-Xrunjdwp");
  }
}
