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

/** Runs the finished program as a user does: a process, its two streams and its exit status. */
final class Program {
  /** Where the tests run: the project's folder. */
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

  /** The same command, in the same environment, as the arguments of another. */
  Program under(String... outer) {
    Program all = new Program(join(List.of(outer), command.toArray(String[]::new)));
    all.builder.environment().clear();
    all.builder.environment().putAll(builder.environment());
    return all;
  }

  /** A build that a shell runs in the background ignores Ctrl-C, and so would what it starts. */
  Program heedingInterrupts() throws IOException {
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

  /** The same command on a terminal of its own, whose input and output are this process's. */
  Program onTerminal() {
    String line =
        command.stream()
            .map(word -> "'" + word.replace("'", "'\\''") + "'")
            .collect(Collectors.joining(" "));
    builder.command("script", "-qec", line, "/dev/null");
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

  /** What a run left behind. */
  record Result(List<String> command, int status, byte[] bytes, String err) {
    String out() {
      return new String(bytes, UTF_8);
    }

    /** Lines of standard error, without the one that the JVM prints by itself. */
    List<String> notes() {
      return err.lines().filter(l -> !l.startsWith("WARNING: Using incubator modules")).toList();
    }

    Result succeeded() {
      assertEquals(0, status, this::toString);
      return this;
    }

    /** Asserts a failure that explains itself in one line, with no stack trace. */
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

  /** Runs to the end. */
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
      // It did not read its input.
    }
    int status = await(process);
    join(outReader);
    join(errReader);
    return new Result(command, status, out.toByteArray(), err.toString(UTF_8));
  }

  /** Starts it and leaves its streams to the caller. */
  Process start() {
    try {
      return builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits for the end and returns the status; a process that hangs fails the test. */
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
