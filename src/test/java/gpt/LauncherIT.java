package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Starting and ending the process: other Javas, Ctrl-C, closed pipes, killed parents. */
class LauncherIT {
  private static final String[] ENDLESS = {
    "--device", "cpu", "--prompt", "ROMEO:", "--max-new-tokens", "1000000"
  };

  @TempDir Path folder;

  @Test
  void anOlderJavaGetsOneLine() {
    Optional<Path> old = olderJava();
    assumeTrue(
        old.isPresent(),
        "no Java from 8 to 24 in /usr/lib/jvm, ~/.sdkman or ~/.jdks; install one to run this");
    Program.jar(old.get(), "--prompt", "ROMEO:")
        .run()
        .failed(1, "gpt: needs Java 25", "https://adoptium.net");
  }

  @Test
  void theLibraryWithoutPicocliGetsOneLine() {
    String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
    Program.of(java, "-cp", "target/classes", "gpt.cli.Launcher", "info")
        .run()
        .failed(1, "gpt: this is the library's jar", "run target/gpt.jar");
  }

  private static Optional<Path> olderJava() {
    Path home = Path.of(System.getProperty("user.home"));
    return Stream.of(
            Path.of("/usr/lib/jvm"), home.resolve(".sdkman/candidates/java"), home.resolve(".jdks"))
        .flatMap(LauncherIT::children)
        .filter(java -> Files.isExecutable(java.resolve("bin/java")))
        .filter(java -> release(java) > 0 && release(java) < 25)
        .findFirst();
  }

  private static Stream<Path> children(Path folder) {
    try (Stream<Path> list = Files.list(folder)) {
      return list.toList().stream().sorted();
    } catch (IOException e) {
      return Stream.empty();
    }
  }

  private static int release(Path java) {
    try {
      return Files.readAllLines(java.resolve("release")).stream()
          .filter(l -> l.startsWith("JAVA_VERSION="))
          .map(l -> l.replaceAll(".*=\"(1\\.)?(\\d+).*", "$2"))
          .mapToInt(Integer::parseInt)
          .findFirst()
          .orElse(0);
    } catch (IOException | NumberFormatException e) {
      return 0;
    }
  }

  @Test
  void aClosedPipeEndsTheProgramQuietly() throws Exception {
    for (Program program : List.of(Program.gpt(ENDLESS), Program.jar(ENDLESS))) {
      Process process = program.start();
      InputStream out = process.getInputStream();
      assertEquals("ROMEO:", new String(out.readNBytes(6)));
      out.close();
      assertEquals(0, program.await(process));
      String err = new String(process.getErrorStream().readAllBytes());
      assertEquals(
          List.of(), err.lines().filter(l -> !l.startsWith("WARNING: Using incubator")).toList());
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no signals")
  void aSignalEndsTheProgramAndItsChild() throws Exception {
    assertEquals(130, statusAfter("INT", Program.gpt(ENDLESS).withDefaultInterrupts()));
    assertEquals(143, statusAfter("TERM", Program.gpt(ENDLESS)));
    assertEquals(143, statusAfter("TERM", Program.jar(ENDLESS)));
    assertEquals(137, statusAfter("KILL", Program.jar(ENDLESS)));
  }

  /**
   * Signals a program while it prints text. Its child must have exited before it, or soon after
   * SIGKILL. The text goes to a file, since a closed pipe would end the child too.
   */
  private int statusAfter(String signal, Program program) throws Exception {
    Path text = Files.createTempFile(folder, "text", ".txt");
    Process process = program.output(text).start();
    while (Files.size(text) < 8) {
      assertTrue(process.isAlive());
      Thread.sleep(20);
    }
    List<ProcessHandle> children = process.descendants().toList();
    Program.of("kill", "-" + signal, String.valueOf(process.pid())).run().succeeded();
    int status = program.await(process);
    for (ProcessHandle child : children) {
      if (signal.equals("KILL")) {
        child.onExit().get(60, TimeUnit.SECONDS);
      }
      assertFalse(child.isAlive(), () -> "the child outlived its parent after SIG" + signal);
    }
    return status;
  }

  /** While the JVMs start: the child may not exist yet, or not watch its parent yet. */
  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no signals")
  void anEarlySignalLeavesNoChild() throws Exception {
    for (String signal : List.of("TERM", "KILL")) {
      for (int delay = 50; delay <= 300; delay += 25) {
        String mark = String.valueOf(System.nanoTime());
        Program program = Program.jar("--seed", mark, "--max-new-tokens", "1000000");
        Process process = program.output(folder.resolve("text-" + mark)).start();
        Thread.sleep(delay);
        Program.of("kill", "-" + signal, String.valueOf(process.pid())).run().succeeded();
        program.await(process);
        String err = new String(process.getErrorStream().readAllBytes());
        assertFalse(err.contains("\tat "), err);
        List<ProcessHandle> left =
            ProcessHandle.allProcesses()
                .filter(p -> p.info().commandLine().orElse("").contains(mark))
                .toList();
        for (ProcessHandle child : left) {
          try {
            child.onExit().get(20, TimeUnit.SECONDS);
          } catch (TimeoutException e) {
            child.destroyForcibly();
            fail("a child outlived SIG" + signal + " after " + delay + " ms");
          }
        }
      }
    }
  }

  /** The parent was killed before the child began to run. */
  @Test
  void aChildWithoutItsParentExits() {
    String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
    for (String parent : List.of("1999999999", "")) {
      Program.Result run =
          Program.of(
                  java, "-Dgpt.child=" + parent, "-cp", "target/gpt.jar", "gpt.cli.Main", "-n", "1")
              .run();
      assertEquals(143, run.status(), run::toString);
      assertEquals("", run.out() + run.err());
    }
  }

  @Test
  void theChildGetsTheParentsJvmOptions() {
    Program.Result run =
        Program.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xmx8m",
                "-cp",
                "target/gpt.jar",
                "gpt.cli.Launcher",
                "--device",
                "reference")
            .run();
    assertEquals(1, run.status(), run::toString);
    assertTrue(run.err().contains("out of memory"), run::toString);
  }
}
