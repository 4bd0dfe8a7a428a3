package gpt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Runs the built program as a user does: a process, its streams and its exit status. */
final class Program {
  /** The project's folder, in which the tests run. */
  static final Path ROOT = Path.of("").toAbsolutePath();

  private static final long LIMIT_SECONDS = 300;

  private final List<String> command;
  private final ProcessBuilder builder;
  private byte[] input = {};

  private Program(List<String> command) {
    this.command = command;
    builder = new ProcessBuilder(command).directory(ROOT.toFile());
  }

  /** Any command. */
  static Program of(String... command) {
    return new Program(List.of(command));
  }

  /** {@code scripts/gpt} with these arguments. */
  static Program gpt(String... args) {
    return new Program(join(List.of(ROOT.resolve("scripts/gpt").toString()), args));
  }

  /** {@code java -jar target/gpt.jar} on the Java that runs the tests, with no JVM flags. */
  static Program jar(String... args) {
    return jar(Path.of(System.getProperty("java.home")), args);
  }

  /** {@code java -jar target/gpt.jar} on the Java in a folder. */
  static Program jar(Path javaHome, String... args) {
    return new Program(
        join(
            List.of(
                javaHome.resolve("bin/java").toString(),
                "-jar",
                ROOT.resolve("target/gpt.jar").toString()),
            args));
  }

  private static List<String> join(List<String> start, String... args) {
    List<String> all = new ArrayList<>(start);
    all.addAll(Arrays.asList(args));
    return all;
  }

  /** The command and environment as arguments of another command. */
  Program under(String... outer) {
    Program all = new Program(join(List.of(outer), command.toArray(String[]::new)));
    all.builder.environment().clear();
    all.builder.environment().putAll(builder.environment());
    return all;
  }

  /** Undoes the ignored Ctrl-C that a process inherits from a shell's background job. */
  Program withDefaultInterrupts() throws IOException {
    Path status = Path.of("/proc/self/status");
    boolean ignored =
        Files.exists(status)
            && Files.readAllLines(status).stream()
                .filter(l -> l.startsWith("SigIgn:"))
                .anyMatch(l -> (Long.parseUnsignedLong(l.split("\\s+")[1], 16) & 2) != 0);
    return ignored ? under("env", "--default-signal=INT") : this;
  }

  /** Whether {@link #onTerminal} works here. */
  static boolean hasTerminal() {
    try {
      return new ProcessBuilder("script", "-qec", "true", "/dev/null").start().waitFor() == 0;
    } catch (IOException e) {
      return false; // there is no such command
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The command on a new terminal, whose input and output are connected to this process. */
  Program onTerminal() {
    String line =
        command.stream()
            .map(word -> "'" + word.replace("'", "'\\''") + "'")
            .collect(Collectors.joining(" "));
    // A shell that stayed would receive Ctrl-C as well, and end with its status.
    builder.command("script", "-qec", "exec " + line, "/dev/null");
    return this;
  }

  Program input(String text) {
    input = text.getBytes(UTF_8);
    return this;
  }

  Program output(Path file) {
    builder.redirectOutput(file.toFile());
    return this;
  }

  /** Both streams as one, in the order in which they are written. */
  Program merged() {
    builder.redirectErrorStream(true);
    return this;
  }

  Program directory(Path folder) {
    builder.directory(folder.toFile());
    return this;
  }

  /** Sets a variable, or removes it where the value is null. */
  Program environment(String name, String value) {
    Map<String, String> environment = builder.environment();
    if (value == null) {
      environment.remove(name);
    } else {
      environment.put(name, value);
    }
    return this;
  }

  /** The outcome of a finished run. */
  record Result(List<String> command, int status, byte[] bytes, String err) {
    String out() {
      return new String(bytes, UTF_8);
    }

    /** Lines of standard error, without the JVM's warning of incubator modules. */
    List<String> notes() {
      return err.lines().filter(l -> !l.startsWith("WARNING: Using incubator modules")).toList();
    }

    Result succeeded() {
      assertEquals(0, status, this::toString);
      return this;
    }

    /** Asserts a failure with one line that contains all parts, and no other output. */
    Result failed(int expected, String... parts) {
      assertEquals(expected, status, this::toString);
      assertEquals("", out(), this::toString);
      assertEquals(1, notes().size(), this::toString);
      for (String part : parts) {
        assertTrue(notes().get(0).contains(part), () -> "no '" + part + "' in " + this);
      }
      return this;
    }

    @Override
    public String toString() {
      String line = command.stream().collect(Collectors.joining(" "));
      return line + "\nstatus " + status + "\nout: " + out() + "\nerr: " + err;
    }
  }

  /** Runs the program to its end. */
  Result run() {
    Process process = start();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Thread outReader = drain(process.getInputStream(), out);
    Thread errReader = drain(process.getErrorStream(), err);
    try {
      process.getOutputStream().write(input);
      process.getOutputStream().close();
    } catch (IOException e) {
      // The program does not read its input.
    }
    int status = await(process);
    join(outReader);
    join(errReader);
    return new Result(command, status, out.toByteArray(), err.toString(UTF_8));
  }

  /** Starts the program and leaves its streams to the caller. */
  Process start() {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for the exit status; a process that hangs fails the test. */
  int await(Process process) {
    try {
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        throw new AssertionError("still running after " + LIMIT_SECONDS + " s: " + command);
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static Thread drain(InputStream from, ByteArrayOutputStream to) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                from.transferTo(to);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private static void join(Thread thread) {
    try {
      thread.join(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
