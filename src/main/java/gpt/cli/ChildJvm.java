package gpt.cli;

import gpt.backend.cpu.VectorModule;
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

/**
 * A second JVM with the Vector API. Java resolves an incubating module only where its command line
 * asks for it, and a jar cannot ask, so a plain {@code java -jar gpt.jar} starts the same program
 * again with the flags. {@code scripts/gpt} gives the flag that {@link VectorModule} needs, and
 * needs no child.
 */
public final class ChildJvm {
  private static final String VECTOR = VectorModule.NAME;

  /** The parent's process id. Set in the child, so that it never starts another. */
  private static final String MARK = "gpt.child";

  /** The exit status after SIGTERM. */
  private static final int TERMINATED = 128 + 15;

  /** What these commands do is no faster with the Vector API. */
  private static final Set<String> NO_COMPUTING =
      Set.of(
          "tokens",
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

  private static String refusal;

  private ChildJvm() {}

  /** Whether this Java has the Vector API, resolved or not. */
  static boolean vectorInstalled() {
    return ModuleFinder.ofSystem().find(VECTOR).isPresent();
  }

  /**
   * Runs the command line in a child if it needs one.
   *
   * @return the child's exit status; empty where the command is to run in this JVM
   */
  static OptionalInt run(String[] args) {
    String parent = System.getProperty(MARK);
    if (parent != null) {
      endWith(parent);
      return OptionalInt.empty();
    }
    if (args.length > 0 && NO_COMPUTING.contains(args[0]) || VectorModule.isLoaded()) {
      return OptionalInt.empty();
    }
    List<String> own = jvmOptions(Arguments.commandLine(), args.length);
    if (!vectorInstalled()) {
      refusal = "this Java (" + System.getProperty("java.home") + ") has no module " + VECTOR;
    } else if (debugged(own, System.getenv())) {
      refusal = "a debugger is attached, so no second JVM is started; add --add-modules " + VECTOR;
    } else {
      try {
        return OptionalInt.of(start(own, args));
      } catch (IOException e) {
        refusal = "a second JVM with --add-modules " + VECTOR + " did not start: " + e.getMessage();
      }
    }
    return OptionalInt.empty();
  }

  /** Why {@link #run} could not start a child that was needed. */
  public static Optional<String> refusal() {
    return Optional.ofNullable(refusal);
  }

  private static int start(List<String> own, String[] args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(own);
    command.addAll(startOptions(own, System.getenv(), System.getProperty("java.class.path")));
    command.addAll(memoryOption(own, System.getenv()));
    // The jar's manifest gives access to native functions, but only behind -jar.
    command.addAll(List.of("--add-modules", VECTOR, "--enable-native-access=ALL-UNNAMED"));
    command.add("-D" + MARK + "=" + ProcessHandle.current().pid());
    command.addAll(Arguments.propertyForChild(args));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(Arguments.forChild(args));
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    if (ModelLocator.asciiLocale()) {
      builder.environment().put("LC_ALL", "C.UTF-8");
    }
    Process child = new Guard().start(builder);
    while (child != null) {
      try {
        return child.waitFor();
      } catch (InterruptedException e) {
        // Nothing interrupts the main thread; wait on.
      }
    }
    return TERMINATED; // not seen: the JVM ends with the status of its signal
  }

  /** Ends the child with this JVM, however early the signal comes. */
  private static final class Guard {
    private Process child;
    private boolean stopping;

    /** Starts the child; null where this JVM is ending already. */
    Process start(ProcessBuilder builder) throws IOException {
      try {
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop));
      } catch (IllegalStateException e) {
        return null;
      }
      synchronized (this) { // so that stop() waits until there is a child, or prevents it
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
      child.destroy();
      try {
        if (!child.waitFor(2, TimeUnit.SECONDS)) {
          child.destroyForcibly();
        }
      } catch (InterruptedException e) {
        child.destroyForcibly();
      }
    }
  }

  /**
   * A parent that is killed outright cannot stop its child, so the child watches. One whose parent
   * is another process by now came too late.
   */
  private static void endWith(String pid) {
    Optional<ProcessHandle> parent =
        ProcessHandle.current().parent().filter(p -> String.valueOf(p.pid()).equals(pid));
    if (parent.isEmpty()) {
      Runtime.getRuntime().halt(TERMINATED);
    }
    parent.get().onExit().thenRun(() -> Runtime.getRuntime().halt(TERMINATED));
  }

  /**
   * The options that this JVM was started with, less the class path and the jar. Those in {@code
   * JDK_JAVA_OPTIONS} and {@code JAVA_TOOL_OPTIONS} reach a child by themselves.
   *
   * @param commandLine the whole command line, the program first
   * @param arguments how many of its last entries are the program's own
   */
  static List<String> jvmOptions(List<String> commandLine, int arguments) {
    // Before the program's arguments stands the jar or the main class.
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
   * Options with which a JVM starts faster, none where the user has others: the collector that
   * starts fastest, since a token makes no garbage, and what the build kept of a run, {@code
   * gpt.aot} beside {@code gpt.jar}, which Java ignores where it is not of this jar and this Java.
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
   * The option with which Java can take as much memory outside its heap as the machine has, none
   * where the user has set it. By itself it takes as much as the heap may have, which is too little
   * for a large model.
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

  /** Whether a debugger listens to this JVM: it wants this process, and a child's port is taken. */
  static boolean debugged(List<String> jvmOptions, Map<String, String> environment) {
    return jvmOptions.stream().anyMatch(ChildJvm::debugs)
        || debugs(environment.getOrDefault("JDK_JAVA_OPTIONS", ""))
        || debugs(environment.getOrDefault("JAVA_TOOL_OPTIONS", ""));
  }

  private static boolean debugs(String options) {
    return options.contains("-agentlib:jdwp") || options.contains("-Xrunjdwp");
  }
}
