package gpt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code scripts/gpt}: arguments, Javas, symbolic links, and the first build in a fresh clone. */
class ScriptIT {
  @TempDir Path folder;

  /** Of the demo's characters only $, &, ; and quotes are special to a shell. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "it's $HOME; $$ & 'quoted'",
        " leading and trailing ",
        "line\nbreak\n\nand  spaces\n",
        "-hello",
        "--and so on",
        "- a list",
        "?",
        "!! !$"
      })
  void argumentsArriveAsTheyAre(String prompt) {
    Program.Result run = Program.gpt("--prompt", prompt, "-n", "0", "-q").run().succeeded();
    assertArrayEquals((prompt + "\n").getBytes(), run.bytes(), run::toString);
  }

  /** The demo lacks these characters: the error names the one that arrived. */
  @Test
  void specialCharactersArriveAsTheyAre() {
    for (String character :
        List.of("*", "\"", "\\", "`", "@", "%", "#", "\t", "~", "[", "{", "|")) {
      Program.Result run = Program.gpt("--prompt", character).run();
      assertEquals(1, run.status(), run::toString);
      String code = "U+%04X".formatted((int) character.charAt(0));
      assertTrue(run.notes().get(0).contains(code), run::toString);
    }
  }

  /** Java would replace invalid bytes by U+FFFD, and the model would continue that. */
  @ParameterizedTest
  @ValueSource(strings = {"C", "C.UTF-8"})
  void argumentsThatAreNotUtf8AreRefused(String locale) {
    assumeTrue(Files.exists(Path.of("/proc/self/cmdline")), "no /proc here; Linux has one");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    for (String gpt : List.of("scripts/gpt", java + " -jar target/gpt.jar")) {
      for (String command : List.of("--prompt", "tokens --tokenizer gpt2")) {
        Program.of("sh", "-c", gpt + " " + command + " \"$(printf 'caf\\351')\"")
            .environment("LC_ALL", locale)
            .run()
            .failed(2, "argument ", "is not UTF-8, from byte 3: 'caf\\xE9'");
      }
      Program.of("sh", "-c", gpt + " tokens --tokenizer gpt2 --json 'caf\u00e9 \ufffd'")
          .environment("LC_ALL", locale)
          .run()
          .succeeded();
    }
  }

  /** Without the JVM's warning of incubator modules, but with the Vector API. */
  @Test
  void quietPrintsNothingOnStandardError() {
    Program.Result text = Program.gpt("--prompt", "ROMEO:", "-n", "2", "-q").run().succeeded();
    assertEquals("", text.err());
    String small = "src/test/resources/golden/model-2-nanogpt";
    Program.Result emulator =
        Program.gpt("--device", "emulator", "-m", small, "--prompt-ids", "1", "-n", "1", "-q")
            .run()
            .succeeded();
    assertEquals("", emulator.err());
    Program.Result devices =
        Program.gpt("devices").environment("HOME", folder.toString()).run().succeeded();
    Program.Result flag =
        Program.jar("devices")
            .environment("JDK_JAVA_OPTIONS", "--add-modules jdk.incubator.vector")
            .run()
            .succeeded();
    assertEquals(flag.out(), devices.out());
  }

  @Test
  void aNewerTornadoVmIsTriedWithANote() throws Exception {
    Path sdk = FakeSdk.sdk(folder.resolve("sdk"), "opencl");
    for (String version : List.of(FakeSdk.VERSION, "5.2.1-jdk25", "8.2.0")) {
      FakeSdk.write(sdk.resolve("etc/tornado.release"), "version=" + version + "\n");
      Program.Result list =
          Program.gpt("devices").environment("TORNADOVM_HOME", sdk.toString()).run().succeeded();
      String note = "gpt: tested on TornadoVM 5.2.0-jdk25, not on " + version + "; trying it\n";
      assertEquals(!version.equals(FakeSdk.VERSION), list.err().contains(note), list::toString);
      assertTrue(list.out().contains("default: cpu"), list::toString);
    }
  }

  @Test
  void anOldJavaHomeIsIgnored() throws Exception {
    Path old = Files.createDirectories(folder.resolve("old/bin")).getParent();
    fakeJava(old, "17.0.1");
    Program.gpt("--version").environment("JAVA_HOME", old.toString()).run().succeeded();
    Program.gpt("--version").environment("JAVA_HOME", "/no/such/jdk").run().succeeded();
  }

  @Test
  void theBestJavaIsChosen() throws Exception {
    for (String version : List.of("1.8.0_402", "17.0.1", "25.0.3", "25-ea", "26.0.1", "27")) {
      fakeJava(folder.resolve(version), version);
    }
    assertEquals("25.0.3", chosen("1.8.0_402", "27", "25.0.3", "26.0.1", "17.0.1"));
    assertEquals("26.0.1", chosen("27", "26.0.1", "17.0.1"));
    assertEquals("25-ea", chosen("27", "25-ea"));
    assertEquals("", chosen("1.8.0_402", "17.0.1", "nothing"));
  }

  private void fakeJava(Path home, String version) throws IOException {
    Files.createDirectories(home.resolve("bin"));
    Path java = Files.writeString(home.resolve("bin/java"), "#!/bin/sh\nexit 9\n");
    assertTrue(java.toFile().setExecutable(true));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
  }

  private String chosen(String... homes) {
    String list = String.join(" ", homes);
    return Program.of(
            "sh",
            "-c",
            ". '%s/scripts/jdk.sh'; java_home=; take_best_java %s; printf %%s \"$java_home\""
                .formatted(Program.ROOT, list))
        .directory(folder)
        .run()
        .succeeded()
        .out();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "'meta gguf'", "META", "gguf 0", "gguf x", "gguf 1234567", "gguf 1 2"})
  void fuzzPrintsItsUsage(String arguments) {
    Program.Result run = Program.of("sh", "-c", "scripts/fuzz " + arguments).run();
    assertEquals(2, run.status(), run::toString);
    assertEquals(1, run.err().lines().count(), run::toString);
    assertTrue(run.err().startsWith("fuzz: "), run::toString);
    assertTrue(run.err().contains("usage: scripts/fuzz READER [SECONDS]"), run::toString);
    for (String reader : List.of("safetensors", "index", "characters", "ckpt", "meta", "gguf")) {
      assertTrue(run.err().contains(reader), run::toString);
    }
  }

  @Test
  void theCompletionScriptCompletes() throws Exception {
    Path script = folder.resolve("gpt.bash");
    Files.write(script, Program.gpt("completion").run().succeeded().bytes());
    Program.Result run =
        Program.of(
                "bash",
                "-c",
                "source \"$0\"; COMP_WORDS=(gpt --prompt-f); COMP_CWORD=1; _complete_gpt;"
                    + " echo ${COMPREPLY[*]}; COMP_WORDS=(gpt e); _complete_gpt;"
                    + " echo ${COMPREPLY[*]}",
                script.toString())
            .run()
            .succeeded();
    assertEquals("--prompt-file\nexport\n", run.out(), run::toString);
  }

  /**
   * Copies the sources to a path with a space and a letter outside ASCII. Runs without a locale,
   * with an old java on PATH, through a symbolic link, twice at the same time; then with a source
   * that does not compile.
   */
  @Test
  void aFreshCloneBuildsItself() throws Exception {
    Path clone = folder.resolve("fresh cl\u00f6n\u00e9");
    for (String part :
        List.of(
            "mvnw",
            ".mvn",
            "pom.xml",
            "src/main",
            "src/emulator",
            "kernels",
            "scripts",
            "weights")) {
      copy(Program.ROOT.resolve(part), clone.resolve(part));
    }
    Path link = Files.createSymbolicLink(folder.resolve("my gpt"), clone.resolve("scripts/gpt"));
    String[] command = {link.toString(), "--prompt", "ROMEO:", "-n", "20"};
    Path old = Files.createDirectories(folder.resolve("old"));
    fakeJava(old, "17.0.1");

    List<Program> users = Stream.generate(() -> fresh(command)).limit(2).toList();
    List<Program.Result> results = users.parallelStream().map(Program::run).toList();
    for (Program.Result result : results) {
      result.succeeded();
      assertTrue(result.out().startsWith("ROMEO:"), result::toString);
      assertEquals(results.get(0).out(), result.out());
    }
    assertEquals(
        1,
        results.stream().filter(r -> r.err().contains("building target/gpt.jar")).count(),
        results::toString);
    assertFalse(Files.exists(clone.resolve("target/gpt.lock")));
    assertTrue(Files.exists(clone.resolve("target/gpt.aot")), results::toString);
    assertFalse(results.toString().contains("AOT"), results::toString);

    Program.Result again = fresh(command).run().succeeded();
    assertFalse(again.err().contains("building"), again::toString);

    Path source = clone.resolve("src/main/java/gpt/cli/Launcher.java");
    Files.writeString(source, "no Java\n", StandardOpenOption.APPEND);
    Program.Result broken = fresh(command).run();
    assertEquals(1, broken.status(), broken::toString);
    assertEquals("", broken.out());
    assertTrue(broken.err().contains("Launcher.java"), broken::toString);
    assertTrue(broken.notes().getLast().startsWith("gpt: the build failed"), broken::toString);
  }

  /** A killed build is not waited for, even if another process has its process id now. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStaleLockIsTakenOver(boolean kernelLocks) throws Exception {
    Path clone = cloneWithFakeMaven();
    for (String tool :
        List.of("sh", "cp", "find", "mkdir", "mv", "readlink", "rm", "sleep", "timeout")) {
      provide(tool, clone.resolve("bin"));
    }
    provide("touch", clone.resolve("bin"));
    provide("tail", clone.resolve("bin"));
    String path = kernelLocks ? System.getenv("PATH") : clone.resolve("bin").toString();
    Path lock = clone.resolve("target/gpt.lock");
    long self = ProcessHandle.current().pid();
    for (String pid : List.of("echo " + self, "true", "echo $$", "echo 1999999999")) {
      Files.createDirectories(lock);
      Files.writeString(clone.resolve("target/gpt.jar"), "half a jar");
      String leave = pid + " >target/gpt.lock/pid; touch -t 202501010000 target/gpt.lock; ";
      if (pid.equals("echo $$")) {
        leave = pid + " >target/gpt.lock/pid; ";
      }
      Program.Result run =
          Program.of("timeout", "60", "sh", "-c", leave + "exec scripts/gpt --version")
              .directory(clone)
              .environment("PATH", path)
              .environment("JAVA_HOME", System.getProperty("java.home"))
              .run()
              .succeeded();
      assertTrue(run.err().contains("building"), run::toString);
      assertFalse(run.err().contains("waiting"), run::toString);
      assertFalse(Files.exists(lock));
    }
  }

  /** A clone without sources, whose build copies this one's jar. */
  private Path cloneWithFakeMaven() throws IOException {
    Path clone = folder.resolve("clone");
    for (String part : List.of("src/main", "src/emulator", "kernels", "target", "bin")) {
      Files.createDirectories(clone.resolve(part));
    }
    Files.createFile(clone.resolve("pom.xml"));
    copy(Program.ROOT.resolve("scripts"), clone.resolve("scripts"));
    Path maven = clone.resolve("mvnw");
    Files.writeString(maven, "#!/bin/sh\ncp '" + Program.ROOT + "/target/gpt.jar' target\n");
    assertTrue(maven.toFile().setExecutable(true));
    return clone;
  }

  private static void provide(String tool, Path bin) throws IOException {
    for (String folder : System.getenv("PATH").split(":")) {
      if (Files.isExecutable(Path.of(folder, tool)) && !Files.exists(bin.resolve(tool))) {
        Files.writeString(
            bin.resolve(tool), "#!/bin/sh\nexec " + folder + "/" + tool + " \"$@\"\n");
        assertTrue(bin.resolve(tool).toFile().setExecutable(true));
      }
    }
  }

  /** mvnw without a locale, in a path with a letter outside ASCII. */
  @Test
  void mavenRunsInAnyFolder() throws Exception {
    Path clone = folder.resolve("cl\u00f6n\u00e9");
    copy(Program.ROOT.resolve("mvnw"), clone.resolve("mvnw"));
    copy(Program.ROOT.resolve(".mvn"), clone.resolve(".mvn"));
    Files.writeString(
        clone.resolve("pom.xml"),
        """
        <project>
          <modelVersion>4.0.0</modelVersion>
          <groupId>g</groupId><artifactId>a</artifactId><version>1</version>
        </project>
        """);
    fresh("./mvnw", "-q", "-B", "validate").directory(clone).run().succeeded();
  }

  /** If Java cannot make the cache, the build notes it once, and the program runs. */
  @Test
  void aBuildWithoutAnAotCachePrintsANote() throws Exception {
    Path clone = cloneWithFakeMaven();
    Program.Result run = fresh("scripts/gpt", "--version").directory(clone).run().succeeded();
    assertTrue(run.err().contains("gpt: no AOT cache was made"), run::toString);
    assertTrue(run.err().contains("target/aot-cache.log"), run::toString);
    assertFalse(fresh("scripts/gpt", "--version").directory(clone).run().err().contains("AOT"));
  }

  /**
   * A program without a locale, without the variables of the Maven that runs this test, and with a
   * java on PATH that is too old.
   */
  private Program fresh(String... command) {
    return Program.of(command)
        .directory(folder)
        .environment("LC_ALL", "C")
        .environment("JAVA_HOME", System.getProperty("java.home"))
        .environment("PATH", folder.resolve("old/bin") + ":" + System.getenv("PATH"))
        .environment("MAVEN_PROJECTBASEDIR", null)
        .environment("MAVEN_CMD_LINE_ARGS", null)
        .environment("MAVEN_BASEDIR", null);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(
            file, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }
}
