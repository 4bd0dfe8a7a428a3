package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a fast start consists of: {@code scripts/gpt} uses the build's AOT cache with its linked
 * classes, and {@code --version} reads no command. A cache that does not fit the jar is ignored.
 */
class AotCacheIT {
  private static final Path JAR = Program.ROOT.resolve("target/gpt.jar");
  private static final Path CACHE = Program.ROOT.resolve("target/gpt.aot");
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private static final String MODEL = Program.ROOT.resolve("weights/shakespeare-char").toString();

  @TempDir Path folder;

  @Test
  void theScriptUsesTheLinkedClasses() throws IOException {
    Path log = folder.resolve("log");
    Program.gpt("--prompt", "ROMEO:", "-n", "1", "-q")
        .environment("JDK_JAVA_OPTIONS", "-Xlog:aot,class+load:file=" + log)
        .run()
        .succeeded();
    List<String> lines = Files.readAllLines(log);
    for (String used :
        List.of(
            "full module graph: enabled",
            "Using AOT-linked classes: true",
            "gpt.cli.commands.GenerateCommand source: shared objects file")) {
      assertTrue(lines.stream().anyMatch(l -> l.contains(used)), () -> used + " not in " + lines);
    }
    // picocli's own classes too, which are too old for a cache as they are published.
    List<String> fromTheJar =
        lines.stream().filter(l -> l.contains(" source: file:")).filter(l -> !isKernel(l)).toList();
    assertEquals(List.of(), fromTheJar);
  }

  /** The kernels and the Vector API are not loaded by the run that makes the cache. */
  private static boolean isKernel(String line) {
    return line.contains(" gpt.backend.cpu.kernels.");
  }

  @Test
  void theVersionReadsNoCommand() {
    Program.Result run =
        Program.of(JAVA, "-Xlog:class+load", "-jar", JAR.toString(), "--version").run().succeeded();
    assertTrue(run.out().contains("gpt.cli.VersionProvider"), run::toString);
    assertFalse(run.out().contains("picocli.CommandLine$Model$CommandSpec"), run::toString);
  }

  /** Runs a copy of the jar beside a cache as the script does; it prints text and nothing else. */
  private void runs(Path jar) {
    Program.Result run =
        Program.of(
                JAVA,
                "-XX:AOTCache=" + folder.resolve("gpt.aot"),
                "-Xlog:aot*=off",
                "-XX:+UseSerialGC",
                "--add-exports",
                "java.base/jdk.internal.module=ALL-UNNAMED",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                jar.toString(),
                "gpt.cli.Launcher",
                "--model",
                MODEL,
                "--prompt",
                "ROMEO:",
                "--max-new-tokens",
                "3",
                "--greedy",
                "--quiet")
            .run()
            .succeeded();
    assertEquals("ROMEO:\nI \n", run.out() + (run.out().endsWith("\n") ? "" : "\n"));
    assertEquals("", run.err());
  }

  @Test
  void aCacheThatDoesNotFitIsIgnored() throws IOException {
    Path jar = folder.resolve("gpt.jar");
    Files.copy(JAR, jar, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
    Path cache = folder.resolve("gpt.aot");
    Files.write(cache, new byte[0]);
    runs(jar);
    byte[] bytes = Files.readAllBytes(CACHE);
    Files.write(cache, Arrays.copyOf(bytes, bytes.length / 2));
    runs(jar);
    byte[] noise = bytes.clone();
    Arrays.fill(noise, 0, 4096, (byte) 7);
    Files.write(cache, noise);
    runs(jar);
    Files.write(cache, bytes);
    Files.setLastModifiedTime(jar, FileTime.fromMillis(0)); // another jar
    runs(jar);
    assertFalse(Files.exists(folder.resolve("gpt.aot.config")));
  }
}
