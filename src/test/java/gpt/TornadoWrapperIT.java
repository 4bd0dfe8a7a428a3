package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code scripts/tornado}: which arguments java gets, and which the SDK's own launcher. */
class TornadoWrapperIT {
  private static final Path SCRIPT = Program.ROOT.resolve("scripts/tornado");
  private static final String REAL_JAVA =
      "exec '" + Path.of(System.getProperty("java.home"), "bin/java") + "' \"$@\"";

  /** A script that prints its arguments, each followed by a NUL. */
  private static final String ARGUMENTS = "for argument; do printf '%s\\0' \"$argument\"; done";

  /** The limit of direct memory: the machine's memory. */
  private static final String DIRECT_MEMORY = directMemory();

  private static final List<String> HOSTILE =
      List.of(
          "it's $HOME; $$ & 'quoted' \"twice\"",
          "",
          " ",
          "*",
          "/*",
          "line\nbreak\n\n",
          "$(touch injected)",
          "`touch injected`",
          "\\",
          "\\n",
          "-",
          "--",
          "-jar",
          "--devices",
          "--params=x",
          "@file",
          "-Dx=1",
          "~",
          "ünï ☃",
          "");

  @TempDir Path folder;
  private Path sdk;
  private Path jdk;

  @BeforeEach
  void makeFakes() throws IOException {
    folder = folder.toRealPath();
    sdk = FakeSdk.sdk(folder.resolve("sdk"), "opencl");
    jdk = FakeSdk.jdk(folder.resolve("jdk"), "25.0.3", ARGUMENTS);
    Files.createDirectories(folder.resolve("home"));
  }

  private Program tornado(String... args) {
    return tornado(SCRIPT, args);
  }

  private Program tornado(Path script, String... args) {
    String[] command = new String[args.length + 1];
    command[0] = script.toString();
    System.arraycopy(args, 0, command, 1, args.length);
    return Program.of(command)
        .directory(folder)
        .environment("HOME", folder.resolve("home").toString())
        .environment("TORNADOVM_HOME", sdk.toString())
        .environment("JAVA_HOME", jdk.toString())
        .environment("CLASSPATH", null)
        .environment("LC_ALL", null)
        .environment("LC_CTYPE", null)
        .environment("LANG", null);
  }

  private static List<String> words(Program.Result run) {
    run.succeeded();
    List<String> words = new ArrayList<>(Arrays.asList(run.out().split("\0", -1)));
    assertEquals("", words.removeLast());
    return words;
  }

  private static String directMemory() {
    try {
      Path file = Path.of("/proc/meminfo");
      long kilobytes =
          Files.exists(file)
              ? Long.parseLong(Files.readAllLines(file).get(0).replaceAll("\\D", ""))
              : Long.parseLong(
                      Program.of("sysctl", "-n", "hw.memsize").run().succeeded().out().strip())
                  / 1024;
      return "-XX:MaxDirectMemorySize=" + kilobytes + "k";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The arguments that java always gets, before the command line's. */
  private List<String> always() {
    return List.of(
        "@" + sdk + "/tornado-argfile",
        "--module-path",
        sdk + "/share/java/tornado",
        DIRECT_MEMORY,
        "-Dtornado.recover.bailout=False",
        "-Dtornado.max.events=64");
  }

  private static List<String> join(List<String> first, List<String> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  private static String[] join(List<String> first, String... second) {
    return join(first, List.of(second)).toArray(String[]::new);
  }

  @Test
  void argumentsArriveUnchanged() {
    List<String> command = List.of("-jar", "my program.jar");
    List<String> words = words(tornado(join(command, HOSTILE.toArray(String[]::new))).run());
    assertEquals(join(always(), join(command, HOSTILE)), words);
    assertFalse(Files.exists(folder.resolve("injected")));
  }

  /** Java takes the last option of several, and the command line's before the environment's. */
  @Test
  void theUsersOwnMemoryLimitWins() {
    String own = "-XX:MaxDirectMemorySize=3g";
    List<String> words = words(tornado(own, "-jar", "a.jar").run());
    assertTrue(words.indexOf(own) > words.indexOf(DIRECT_MEMORY), words::toString);
    for (String variable : List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS")) {
      words = words(tornado("-jar", "a.jar").environment(variable, own).run());
      assertFalse(words.contains(DIRECT_MEMORY), words::toString);
    }
  }

  @Test
  void manyArgumentsArriveWithinSeconds() {
    String[] many =
        Stream.iterate(0, i -> i + 1).limit(20_000).map(i -> "x").toArray(String[]::new);
    long start = System.nanoTime();
    assertEquals(
        always().size() + 2 + many.length,
        words(tornado(join(List.of("-jar", "a.jar"), many)).run()).size());
    assertTrue(System.nanoTime() - start < 10e9);
  }

  /** The SDK launcher's options with their translations, and java's options unchanged. */
  static List<List<List<String>>> options() {
    return List.of(
        List.of(List.of(), List.of()),
        List.of(
            List.of("-Xmx4g", "-Dx=a b", "-XX:+UseZGC", "-agentlib:jdwp=a=b,c=*", "@my options"),
            List.of("-Xmx4g", "-Dx=a b", "-XX:+UseZGC", "-agentlib:jdwp=a=b,c=*", "@my options")),
        List.of(
            List.of("--add-modules", "a,b", "--add-opens=m/p=ALL", "--enable-native-access", "n"),
            List.of(
                "--add-modules", "a,b", "--add-opens", "m/p=ALL", "--enable-native-access", "n")),
        List.of(
            List.of("--debug", "--threadInfo", "-pk", "-pbc", "--enableConcurrentDevices"),
            List.of(
                "-Dtornado.debug=True",
                "-Dtornado.threadInfo=True",
                "-Dtornado.printKernel=True",
                "-Dtornado.print.bytecodes=True",
                "-Dtornado.concurrent.devices=True")),
        List.of(
            List.of("--printKernel", "--printBytecodes", "--fullDebug"),
            List.of(
                "-Dtornado.printKernel=True",
                "-Dtornado.print.bytecodes=True",
                "-Dtornado.debug=True",
                "-Dtornado.fullDebug=True",
                "-Ddump.taskgraph=True")),
        List.of(
            List.of("--igv", "--igvLowTier"),
            List.of(
                "-Dgraal.Dump=*:5",
                "-Dgraal.PrintGraph=Network",
                "-Dgraal.PrintBackendCFG=true",
                "-Dgraal.Dump=*:1",
                "-Dgraal.PrintGraph=Network",
                "-Dgraal.PrintBackendCFG=true",
                "-Dtornado.debug.lowtier=True")),
        List.of(
            List.of("--enableProfiler", "silent", "--enableProfiler=console"),
            List.of(
                "-Dtornado.profiler=True",
                "-Dtornado.log.profiler=True",
                "-Dtornado.profiler=True")),
        List.of(
            List.of("--dumpProfiler", "a file", "--dumpProfiler=b=c", "--dumpBC", "d"),
            List.of(
                "-Dtornado.profiler=True",
                "-Dtornado.log.profiler=True",
                "-Dtornado.profiler.dump.dir=a file",
                "-Dtornado.profiler=True",
                "-Dtornado.log.profiler=True",
                "-Dtornado.profiler.dump.dir=b=c",
                "-Dtornado.print.bytecodes=True",
                "-Dtornado.dump.bytecodes.dir=d")),
        List.of(
            List.of("--ea", "-ea", "--classpath", "a", "-cp", "b:c", "--cp=d"),
            List.of(
                "-ea",
                "-da:org.graalvm.compiler...",
                "-ea",
                "-da:org.graalvm.compiler...",
                "-cp",
                "a",
                "-cp",
                "b:c",
                "-cp",
                "d")),
        List.of(
            List.of("--jvm", " -Xmx1g  -Da=* ", "--jvm=-Db=1\t-Dc=2", "-J", "-Dd=3", "-J-De=f=g"),
            List.of("-Xmx1g", "-Da=*", "-Db=1", "-Dc=2", "-Dd=3", "-De=f=g")),
        List.of(List.of("-J=-Da=b", "--jvm="), List.of("-Da=b")),
        List.of(
            List.of("-Dtornado.recover.bailout=True", "--debug", "-Dtornado.debug=False"),
            List.of(
                "-Dtornado.recover.bailout=True",
                "-Dtornado.debug=True",
                "-Dtornado.debug=False")));
  }

  @ParameterizedTest
  @MethodSource("options")
  void optionsAreTranslatedInTheirOrder(List<List<String>> options) throws IOException {
    FakeSdk.write(folder.resolve("-Dgraal.Dump=1:5"), "matches * if the shell expands it");
    FakeSdk.write(folder.resolve("-Da=x"), "matches * if the shell expands it");
    List<String> command = List.of("-jar", "a.jar", "--debug");
    assertEquals(
        join(always(), join(options.get(1), command)),
        words(tornado(join(options.get(0), command.toArray(String[]::new))).run()));
  }

  @Test
  void aModulePathIsAddedToTheSdks() {
    List<String> words = words(tornado("--module-path", "a:b c", "-jar=x.jar", "-jar").run());
    assertEquals(List.of("--module-path", sdk + "/share/java/tornado:a:b c"), words.subList(1, 3));
    assertEquals(List.of("-jar", "x.jar", "-jar"), words.subList(always().size(), words.size()));
    words = words(tornado("--module-path=a", "-p", "b", "-jar", "x.jar").run());
    assertEquals(sdk + "/share/java/tornado:b", words.get(2));
  }

  @Test
  void theEnvironmentsClassPathIsAdded() {
    List<String> words =
        words(tornado("-cp", "a", "-jar", "x.jar").environment("CLASSPATH", "b c").run());
    assertEquals(
        List.of("-cp", "a:b c", "-jar", "x.jar"), words.subList(always().size(), words.size()));
  }

  @Test
  void wrongOptionsAreReported() {
    tornado("-jar").run().failed(2, "tornado: -jar needs a file");
    tornado("--jvm").run().failed(2, "tornado: --jvm needs a value");
    tornado("--dumpProfiler").run().failed(2, "tornado: --dumpProfiler needs a value");
    tornado("--enableProfiler", "loud", "-jar", "x").run().failed(2, "silent or console", "'loud'");
    tornado("--jvm", "-Dx='a b'", "-jar", "x").run().failed(2, "--jvm", "without quotes");
    tornado("--params", "a", "-jar", "x", "b").run().failed(2, "--params", "not in both");
    tornado("--write-argfile").run().failed(2, "--write-argfile needs a file");
  }

  @Test
  void withoutAJarTheSdksOwnLauncherRuns() {
    for (List<String> args :
        List.of(
            List.<String>of(),
            List.of("--devices"),
            List.of("--version"),
            List.of("-version"),
            List.of("--help"),
            List.of("-h"),
            List.of("--printJavaFlags", "-jar", "a.jar"),
            List.of("--debug", "-m", "tornado.examples/x.Main", "--params", "1 2"),
            List.of("-m=tornado.examples/x.Main", "-jar", "a.jar"),
            List.of("--module-path", "a", "-cp", "it's a path", "Main", "-jar", "a.jar"),
            List.of("--jvm=-Xmx1g", "Main", "$HOME", ""),
            List.of("--truffle", "python", "x.py"),
            List.of("--params=1 2", "-jar", "a.jar"),
            List.of("--params=1 2", "-jar=a.jar"),
            List.of("--params", "-jar a", "-jar", "a.jar"))) {
      Program.Result run = tornado(args.toArray(String[]::new)).run().succeeded();
      StringBuilder expected = new StringBuilder("<the SDK's own>\n");
      args.forEach(a -> expected.append("<").append(a).append(">\n"));
      assertEquals(expected.toString(), run.out());
    }
  }

  /** Both scripts are called tornado, and the wrapper is first on PATH. */
  @Test
  void theWrapperNeverCallsItself() throws IOException {
    Path bin = Files.createDirectories(folder.resolve("bin"));
    FakeSdk.copy(SCRIPT.getParent(), folder.resolve("scripts"));
    Path link = Files.createSymbolicLink(bin.resolve("tornado"), folder.resolve("scripts/tornado"));
    Program.Result run =
        tornado(link, "--devices")
            .environment("PATH", bin + ":" + sdk + "/bin:" + System.getenv("PATH"))
            .run()
            .succeeded();
    assertEquals("<the SDK's own>\n<--devices>\n", run.out());

    FakeSdk.copy(SCRIPT, sdk.resolve("bin/tornado"));
    tornado("--devices").run().failed(1, "is a copy of this script");
    Files.delete(sdk.resolve("bin/tornado"));
    tornado("--devices").run().failed(1, sdk + "/bin/tornado", "is missing");
  }

  @Test
  void theSdksLauncherGetsAJdkAndAnSdk() throws IOException {
    FakeSdk.script(sdk.resolve("bin/tornado"), "echo \"$JAVA_HOME $TORNADOVM_HOME\"");
    Path current = folder.resolve("home/.tornadovm/current");
    Files.createDirectories(current.getParent());
    Files.createSymbolicLink(current, sdk);
    assertEquals(
        jdk + " " + sdk + "\n",
        tornado("--version").environment("TORNADOVM_HOME", null).run().succeeded().out());
    assertEquals(
        jdk + " " + current + "\n",
        tornado("--version").environment("TORNADOVM_HOME", current.toString()).run().out());
  }

  /** The script execs java: signals reach the program, and its exit status is the script's. */
  @Test
  void theProgramIsTheProcess() throws IOException {
    FakeSdk.script(jdk.resolve("bin/java"), "echo $$; exec sleep 60");
    Process process = tornado("-jar", "a.jar").start();
    String pid = new String(process.getInputStream().readNBytes(1));
    while (!pid.endsWith("\n")) {
      pid += (char) process.getInputStream().read();
    }
    assertEquals(process.pid(), Long.parseLong(pid.strip()));
    process.destroy();
    assertEquals(143, tornado().await(process));

    FakeSdk.script(jdk.resolve("bin/java"), "exit 42");
    assertEquals(42, tornado("-jar", "a.jar").run().status());
  }

  @Test
  void theSdkIsFound() throws IOException {
    Program.Result none = tornado("-jar", "a.jar").environment("TORNADOVM_HOME", null).run();
    none.failed(1, "TORNADOVM_HOME is not set", "home/.tornadovm/current", "./setup-tornado.sh");
    tornado("-jar", "a.jar")
        .environment("TORNADOVM_HOME", "/no/such")
        .run()
        .failed(1, "TORNADOVM_HOME (/no/such)", "./setup-tornado.sh");
    tornado("--devices").environment("TORNADOVM_HOME", null).run().failed(1, "setup-tornado.sh");

    Path installed = folder.resolve("home/.tornadovm/" + FakeSdk.VERSION + "-opencl");
    FakeSdk.copy(sdk, installed);
    Files.createSymbolicLink(folder.resolve("home/.tornadovm/current"), installed.getFileName());
    sdk = installed;
    assertEquals(
        join(always(), List.of("-jar", "a.jar")),
        words(tornado("-jar", "a.jar").environment("TORNADOVM_HOME", null).run()));
  }

  /** The copy that setup-tornado.sh installs into any folder, called through symbolic links. */
  @Test
  void aCopyWithJdkShIsEnough() throws IOException {
    Path prefix = folder.resolve("a prefix");
    for (String file : List.of("tornado", "jdk.sh")) {
      FakeSdk.copy(SCRIPT.resolveSibling(file), prefix.resolve("bin").resolve(file));
    }
    FakeSdk.copy(sdk, prefix.resolve("x"));
    Files.createSymbolicLink(prefix.resolve("current"), Path.of("x"));
    Path link = Files.createSymbolicLink(folder.resolve("l"), Path.of("a prefix/bin/tornado"));
    Path link2 = Files.createSymbolicLink(folder.resolve("l 2"), link);
    sdk = prefix.resolve("x");
    for (Path script : List.of(prefix.resolve("bin/tornado"), link, link2, Path.of("./l"))) {
      assertEquals(
          join(always(), List.of("-jar", "a.jar")),
          words(tornado(script, "-jar", "a.jar").environment("TORNADOVM_HOME", null).run()));
    }
  }

  @Test
  void onlyAJdkThatTornadovmAcceptsIsChosen() throws IOException {
    List<String> versions = List.of("1.8.0_402", "24.0.2", "25", "25.0.1", "25.0.1.1", "26.0.1");
    for (String version : versions) {
      Path home = FakeSdk.jdk(folder.resolve(version), version, "exit 9");
      Program.Result run =
          Program.of(
                  "sh",
                  "-c",
                  ("for_tornado=yes; . '%s/scripts/jdk.sh'; take_java '%s' || take_best_java '%s'"
                          + " && echo $java_home")
                      .formatted(Program.ROOT, home, jdk))
              .run();
      assertEquals(jdk + "\n", run.out(), run::toString);
    }
    for (String version : List.of("25.0.2", "25.0.10", "25.0.3-ea", "25.1")) {
      jdk = FakeSdk.jdk(folder.resolve(version), version, ARGUMENTS);
      words(tornado("-jar", "a.jar").run());
    }
  }

  @Test
  void aLocaleIsSetIfThereIsNone() throws IOException {
    FakeSdk.script(jdk.resolve("bin/java"), "echo \"${LC_ALL-none}\"");
    assertEquals("C.UTF-8\n", tornado("-jar", "a").run().out());
    assertEquals("C.UTF-8\n", tornado("-jar", "a").environment("LANG", "C").run().out());
    assertEquals("none\n", tornado("-jar", "a").environment("LANG", "de_DE.UTF-8").run().out());
  }

  // ------------------------------------------------------------------------------ the argfile

  /** With a path that java would split, cut or change in an argfile without quotes. */
  @ParameterizedTest
  @ValueSource(strings = {"plain", "it's #1 \"of\" \\n\\\\ many, $HOME * ü☃"})
  void theArgfileIsMadeForTheSdksPresentFolder(String name) throws Exception {
    jdk = FakeSdk.jdk(folder.resolve("real jdk"), "25.0.3", REAL_JAVA);
    Path moved = folder.resolve(name);
    Files.move(sdk, moved);
    sdk = moved;
    Path jar = jarThatPrints(folder.resolve("jar"));
    String expected =
        String.join(
            "\n",
            sdk + "/lib",
            sdk + "/share/java/tornado",
            sdk + "/share/java/graalJars",
            "False 64",
            "[it's]",
            "[]",
            "");
    String[] command = {"-jar", jar.toString(), "it's", ""};
    Program.Result run = tornado(command).run().succeeded();
    assertEquals(expected, run.out(), run::toString);

    // An argfile that is current is not written again.
    var before = FakeSdk.snapshot(sdk);
    assertTrue(before.containsKey("tornado-argfile"), before::toString);
    assertEquals(expected, tornado(command).run().succeeded().out());
    assertEquals(before, FakeSdk.snapshot(sdk));

    // Argfiles without quotes, as the SDK's launcher makes them, or for another folder.
    for (String other : List.of(sdk.toString(), "/no/such", sdk + "/")) {
      FakeSdk.write(
          sdk.resolve("tornado-argfile"), FakeSdk.TEMPLATE.replace("${TORNADOVM_HOME}", other));
      assertEquals(expected, tornado(command).run().succeeded().out());
    }

    // The SDK is moved, so its argfile is no longer right.
    Files.move(sdk, folder.resolve("moved again"));
    String old = sdk.toString();
    sdk = folder.resolve("moved again");
    run = tornado(command).run().succeeded();
    assertEquals(expected.replace(old, sdk.toString()), run.out(), run::toString);
    assertFalse(Files.readString(sdk.resolve("tornado-argfile")).contains(old));

    // Through a symbolic link, the argfile has the link's target.
    Path link = Files.createSymbolicLink(folder.resolve("current"), sdk);
    var stays = FakeSdk.snapshot(sdk);
    run = tornado(command).environment("TORNADOVM_HOME", link.toString()).run().succeeded();
    assertEquals(expected.replace(old, sdk.toString()), run.out(), run::toString);
    assertEquals(stays, FakeSdk.snapshot(sdk));
  }

  /** In a read-only SDK, such as another user's, the template's options are passed directly. */
  @Test
  void aReadOnlySdkWorks() throws Exception {
    Files.move(sdk, folder.resolve("the sdk's $HOME"));
    sdk = folder.resolve("the sdk's $HOME");
    Path bin = Files.createDirectories(folder.resolve("bin"));
    FakeSdk.script(bin.resolve("mv"), "exit 1");
    String path = bin + ":" + System.getenv("PATH");
    var before = FakeSdk.snapshot(sdk);
    List<String> words = words(tornado("-jar", "a", "b").environment("PATH", path).run());
    assertEquals(
        join(
            List.of(
                "-XX:+UseParallelGC",
                "-Djava.library.path=" + sdk + "/lib",
                "--module-path",
                ".:" + sdk + "/share/java/tornado",
                "--upgrade-module-path",
                sdk + "/share/java/graalJars",
                "--add-modules",
                "ALL-SYSTEM"),
            join(always().subList(1, always().size()), List.of("-jar", "a", "b"))),
        words);
    assertEquals(before, FakeSdk.snapshot(sdk));

    jdk = FakeSdk.jdk(folder.resolve("real jdk"), "25.0.3", REAL_JAVA);
    String jar = jarThatPrints(folder.resolve("jar")).toString();
    assertTrue(
        tornado("-jar", jar, "b")
            .environment("PATH", path)
            .run()
            .succeeded()
            .out()
            .endsWith("[b]\n"));
  }

  @Test
  void aNewerTemplateReplacesTheArgfile() throws IOException {
    words(tornado("-jar", "a").run());
    Path argfile = sdk.resolve("tornado-argfile");
    FakeSdk.write(argfile, Files.readString(argfile) + "-Dmine=1\n");
    words(tornado("-jar", "a").run());
    assertTrue(Files.readString(argfile).contains("-Dmine=1"), "lines that the user added stay");

    Files.setLastModifiedTime(argfile, FileTime.fromMillis(0));
    words(tornado("-jar", "a").run());
    assertFalse(Files.readString(argfile).contains("-Dmine=1"));
  }

  @Test
  void anSdkWithoutATemplate() throws IOException {
    Files.delete(sdk.resolve("tornado-argfile.template"));
    String argfile = FakeSdk.TEMPLATE.replace("${TORNADOVM_HOME}", sdk.toString());
    FakeSdk.write(sdk.resolve("tornado-argfile"), argfile);
    assertEquals(join(always(), List.of("-jar", "a")), words(tornado("-jar", "a").run()));
    FakeSdk.write(sdk.resolve("tornado-argfile"), argfile.replace(sdk.toString(), "/elsewhere"));
    tornado("-jar", "a").run().failed(1, "made for another folder");
    Files.delete(sdk.resolve("tornado-argfile"));
    tornado("-jar", "a").run().failed(1, "is missing");
  }

  @Test
  void theVectorApiIsAddedIfTheArgfileLacksIt() throws IOException {
    FakeSdk.write(
        jdk.resolve("release"),
        "JAVA_VERSION=\"25.0.3\"\nMODULES=\"java.base jdk.incubator.vector\"\n");
    assertEquals(join(always(), List.of("-jar", "a")), words(tornado("-jar", "a").run()));
    FakeSdk.write(
        sdk.resolve("tornado-argfile"),
        Files.readString(sdk.resolve("tornado-argfile")).replace("ALL-SYSTEM", "java.logging"));
    List<String> words = words(tornado("-jar", "a").run());
    assertEquals(List.of("--add-modules", "jdk.incubator.vector"), words.subList(1, 3));
  }

  @Test
  void aColonInThePathIsRefused() throws IOException {
    Files.move(sdk, folder.resolve("a:b"));
    sdk = folder.resolve("a:b");
    tornado("-jar", "a").run().failed(1, "colon");
  }

  /**
   * The SDK's own module path has the working directory, and java does not start if a module is
   * there twice.
   */
  @Test
  void jarsInTheWorkingDirectoryAreIgnored() throws Exception {
    jdk = FakeSdk.jdk(folder.resolve("real jdk"), "25.0.3", REAL_JAVA);
    Path jar = jarThatPrints(folder.resolve("jar"));
    Files.copy(jar, folder.resolve("jar/copy.jar"));
    Program.Result run =
        tornado("-jar", jar.getFileName().toString(), "x").directory(jar.getParent()).run();
    assertTrue(run.succeeded().out().endsWith("[x]\n"), run::toString);
  }

  /** A jar that prints its paths, TornadoVM's defaults and its arguments. */
  private static Path jarThatPrints(Path at) throws IOException {
    Path source =
        FakeSdk.write(
            at.resolve("P.java"),
            """
            public class P {
              public static void main(String[] args) throws Exception {
                var out = new java.io.PrintStream(System.out, true, "UTF-8");
                out.println(System.getProperty("java.library.path"));
                out.println(System.getProperty("jdk.module.path"));
                out.println(System.getProperty("jdk.module.upgrade.path"));
                out.println(System.getProperty("tornado.recover.bailout")
                    + " " + System.getProperty("tornado.max.events"));
                for (String arg : args) {
                  out.println("[" + arg + "]");
                }
              }
            }
            """);
    assertEquals(
        0,
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, null, "-d", at.toString(), source.toString()));
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, "P");
    Path jar = at.resolve("print.jar");
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream out = new JarOutputStream(file, manifest)) {
      out.putNextEntry(new JarEntry("P.class"));
      out.write(Files.readAllBytes(at.resolve("P.class")));
    }
    return jar;
  }

  /** The SDK's template lacks the cuda backend: java would print a warning of four lines. */
  @Test
  void theCudaBackendGetsNativeAccess() throws IOException {
    String option = "--enable-native-access=tornado.drivers.cuda";
    assertFalse(words(tornado("-jar", "a.jar").run()).contains(option));
    FakeSdk.write(sdk.resolve("share/java/tornado/tornado-drivers-cuda-1.jar"), "");
    assertTrue(words(tornado("-jar", "a.jar").run()).contains(option));
  }

  @Test
  void aMissingJarsMessageSaysHowToBuildIt() throws IOException {
    FakeSdk.script(folder.resolve("my clone/scripts/gpt"), "");
    String jar = folder.resolve("my clone/target/gpt.jar").toString();
    Program.Result run = tornado("-jar", jar, "--version").run();
    assertEquals(1, run.status(), run::toString);
    String builds = folder.resolve("my clone/scripts/gpt") + " --version builds it";
    assertTrue(run.err().contains(jar + " does not exist yet; " + builds), run::toString);
    run = tornado("-jar", "target/gpt.jar").directory(folder.resolve("my clone")).run();
    assertTrue(run.err().contains("scripts/gpt --version builds it"), run::toString);
    FakeSdk.write(folder.resolve("my clone/target/gpt.jar"), "");
    assertEquals(join(always(), List.of("-jar", jar)), words(tornado("-jar", jar).run()));
  }

  /** TornadoVM prints errors too, even on standard output; gpt suppresses them. */
  @Test
  void noDeviceIsOneLine() throws IOException {
    Optional<Path> real = FakeSdk.real();
    assumeTrue(real.isPresent(), FakeSdk.NO_REAL_SDK);
    sdk = real.get();
    jdk = Path.of(System.getProperty("java.home"));
    String jar = Program.ROOT.resolve("target/gpt.jar").toString();
    String none = Files.createDirectories(folder.resolve("none")).toString();
    Program.Result list =
        tornado("-jar", jar, "devices").environment("OCL_ICD_VENDORS", none).run().succeeded();
    List<String> lines = list.out().lines().toList();
    assertTrue(lines.get(0).startsWith("cpu "), list::toString);
    assertEquals("default: cpu, since TornadoVM finds no device", lines.getLast());
    Program.Result text =
        tornado("-jar", jar, "--device", "tornado", "-n", "1", "-q")
            .environment("OCL_ICD_VENDORS", none)
            .directory(Program.ROOT)
            .run();
    assertEquals(1, text.status(), text::toString);
    assertEquals("", text.out());
    assertEquals(1, text.notes().size(), text::toString);
    assertTrue(text.notes().get(0).startsWith("gpt: TornadoVM finds no device; "), text::toString);
  }

  @Test
  void theRealSdk() throws Exception {
    Optional<Path> real = FakeSdk.real();
    if (real.isEmpty()) {
      System.err.println("TornadoWrapperIT: " + FakeSdk.NO_REAL_SDK);
    }
    assumeTrue(real.isPresent(), FakeSdk.NO_REAL_SDK);
    sdk = real.get();
    jdk = Path.of(System.getProperty("java.home"));
    Path jar = jarThatPrints(folder.resolve("jar"));
    List<String> printable = HOSTILE.stream().filter(a -> !a.contains("\n")).toList();
    String[] command = join(List.of("-Xmx256m", "--debug", "-jar", jar.toString()));
    Program.Result run =
        tornado(join(List.of(command), printable.toArray(String[]::new))).run().succeeded();
    assertEquals(
        printable.stream().map(a -> "[" + a + "]").toList(), run.out().lines().skip(4).toList());
    assertTrue(tornado("--version").run().succeeded().out().contains("version="));

    Program.Result text =
        tornado(
                "-jar",
                Program.ROOT.resolve("target/gpt.jar").toString(),
                "--prompt",
                "it's $HOME",
                "-n",
                "0",
                "-q")
            .directory(Program.ROOT)
            .run()
            .succeeded();
    assertEquals("it's $HOME\n", text.out());
  }
}
