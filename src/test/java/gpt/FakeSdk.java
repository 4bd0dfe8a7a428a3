package gpt;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Fake TornadoVM SDKs and JDKs for the tests of the scripts. */
final class FakeSdk {
  static final String VERSION = "5.2.0-jdk25";

  /** Options that a JVM without TornadoVM accepts, with every use of the SDK's path. */
  static final String TEMPLATE =
      """
      # === JVM mode and memory settings ===
      -XX:+UseParallelGC

      -Djava.library.path=${TORNADOVM_HOME}/lib
      # === Module system ===
      --module-path .:${TORNADOVM_HOME}/share/java/tornado
      --upgrade-module-path ${TORNADOVM_HOME}/share/java/graalJars
      --add-modules ALL-SYSTEM
      """;

  static final String NO_REAL_SDK =
      "no TornadoVM SDK in TORNADOVM_HOME or ~/.tornadovm/current: the tests with a real one are"
          + " skipped; ./setup-tornado.sh installs one";

  private static final String EMPTY_JAR = "PK\5\6" + "\0".repeat(18);

  private FakeSdk() {}

  /** An SDK as in a release archive: with the argfile's template, but without the argfile. */
  static Path sdk(Path at, String backend) throws IOException {
    write(at.resolve("etc/tornado.release"), "version=" + VERSION + "\nbranch=x\ncommit=y\n\n");
    write(at.resolve("etc/tornado.backend"), "tornado.backends=" + backend + "-backend\n");
    write(at.resolve("tornado-argfile.template"), TEMPLATE);
    write(at.resolve("share/java/tornado/tornado-api-" + VERSION + ".jar"), EMPTY_JAR);
    write(at.resolve("share/java/graalJars/compiler-25.0.2.jar"), EMPTY_JAR);
    elf(at.resolve("lib/libtornado-" + backend + ".so"), 0x3e);
    script(at.resolve("bin/tornado"), "printf '<%s>\\n' \"the SDK's own\" \"$@\"");
    return at;
  }

  /** Writes an ELF header for x86-64 (0x3e) or arm64 (0xb7). */
  static void elf(Path file, int machine) throws IOException {
    byte[] header = new byte[64];
    header[0] = 0x7f;
    header[1] = 'E';
    header[2] = 'L';
    header[3] = 'F';
    header[18] = (byte) machine;
    Files.createDirectories(file.getParent());
    Files.write(file, header);
  }

  /** A JDK whose java is a script of these lines; its jar command is the real one. */
  static Path jdk(Path at, String version, String java) throws IOException {
    write(
        at.resolve("release"),
        "JAVA_VERSION=\"" + version + "\"\nMODULES=\"java.base java.xml\"\n");
    script(at.resolve("bin/java"), java);
    script(
        at.resolve("bin/jar"),
        "exec '" + Path.of(System.getProperty("java.home"), "bin/jar") + "' \"$@\"");
    return at;
  }

  static Path script(Path file, String lines) throws IOException {
    write(file, "#!/bin/sh\n" + lines + "\n");
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }

  static Path write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(
            file, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  /** Every file below a folder with its time and content, to detect changes. */
  static TreeMap<String, String> snapshot(Path folder) throws IOException {
    TreeMap<String, String> all = new TreeMap<>();
    if (!Files.exists(folder)) {
      return all;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.toList()) {
        String what;
        if (Files.isSymbolicLink(file)) {
          what = "link to " + Files.readSymbolicLink(file);
        } else if (Files.isDirectory(file)) {
          what = "folder";
        } else {
          what = Files.getLastModifiedTime(file) + " " + new String(Files.readAllBytes(file));
        }
        all.put(folder.relativize(file).toString(), what);
      }
    }
    return all;
  }

  /** The real SDK, if one is installed. */
  static Optional<Path> real() {
    return Stream.of(
            Optional.ofNullable(System.getenv("TORNADOVM_HOME")).filter(h -> !h.isEmpty()),
            Optional.of(System.getProperty("user.home") + "/.tornadovm/current"))
        .flatMap(Optional::stream)
        .map(Path::of)
        .filter(sdk -> Files.isRegularFile(sdk.resolve("etc/tornado.release")))
        .findFirst();
  }
}
