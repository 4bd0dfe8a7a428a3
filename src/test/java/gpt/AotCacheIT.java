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

/** The build's AOT cache is used; one that does not fit the jar is ignored silently. */
class AotCacheIT {
  private static final Path JAR = Program.ROOT.resolve("target/gpt.jar");
  private static final Path CACHE = Program.ROOT.resolve("target/gpt.aot");
  private static final String MODEL = Program.ROOT.resolve("weights/shakespeare-char").toString();

  @TempDir Path folder;

  /** Runs a copy of the jar and asserts that it prints the text and nothing else. */
  private void runs(Path jar) {
    Program.Result run =
        Program.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                jar.toString(),
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
    assertEquals("", run.err().replaceAll("WARNING: Using incubator.*\n", ""));
  }

  private Path copy() throws IOException {
    Path jar = folder.resolve("gpt.jar");
    Files.copy(JAR, jar, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
    return jar;
  }

  @Test
  void theBuildsCacheIsUsed() {
    assertTrue(Files.exists(CACHE));
    Program.Result run =
        Program.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:AOTCache=" + CACHE,
                "-XX:AOTMode=on", // fails if the cache does not fit
                "-XX:+UseSerialGC",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Xlog:class+load",
                "-jar",
                JAR.toString(),
                "--version")
            .run()
            .succeeded();
    assertTrue(run.out().contains("gpt.cli.GptCommand source: shared objects file"), run::toString);
  }

  /** The script loads the Vector API in another way than the run that made the cache. */
  @Test
  void theScriptUsesIt() {
    Program.Result run =
        Program.gpt("--prompt", "ROMEO:", "-n", "1", "-q")
            .environment("JDK_JAVA_OPTIONS", "-Xlog:class+load")
            .run()
            .succeeded();
    for (String used : List.of("gpt.cli.GptCommand", "jdk.incubator.vector.FloatVector")) {
      assertTrue(run.out().contains(used + " source: shared objects file"), run::toString);
    }
  }

  @Test
  void aCacheThatDoesNotFitIsIgnored() throws IOException {
    Path jar = copy();
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
