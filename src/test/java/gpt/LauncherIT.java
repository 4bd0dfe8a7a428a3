package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Starting and ending the process: other Javas, Ctrl-C, closed pipes. */
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
      assertEquals("", err);
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no signals")
  void aSignalEndsTheProgram() throws Exception {
    assertEquals(130, statusAfter("INT", Program.gpt(ENDLESS).withDefaultInterrupts()));
    assertEquals(143, statusAfter("TERM", Program.gpt(ENDLESS)));
    assertEquals(143, statusAfter("TERM", Program.jar(ENDLESS)));
  }

  /** Signals a program, which must be one process, while it prints text. */
  private int statusAfter(String signal, Program program) throws Exception {
    Path text = Files.createTempFile(folder, "text", ".txt");
    Process process = program.output(text).start();
    while (Files.size(text) < 8) {
      assertTrue(process.isAlive());
      Thread.sleep(20);
    }
    assertEquals(0, process.descendants().count());
    Program.of("kill", "-" + signal, String.valueOf(process.pid())).run().succeeded();
    return program.await(process);
  }
}
