import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.constant.ClassDesc;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;

/**
 * Rewrites picocli's class files in a jar, which are of Java 5, as those of Java 8, with stack
 * maps. Java leaves classes before Java 6 out of an AOT cache, with all that extend them, and
 * verifies them by a slower algorithm. The code stays the same, and so do the times of the files
 * and of the jar, by which {@code scripts/gpt} sees whether it is stale.
 */
public final class UpgradeClasses {
  private final Path root;
  private final ClassFile classes;

  private UpgradeClasses(Path root) {
    this.root = root;
    classes =
        ClassFile.of(
            ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
            ClassFile.ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofResourceParsing(this::open)
                    .orElse(ClassHierarchyResolver.defaultResolver())));
  }

  /**
   * Upgrades one jar.
   *
   * @param args the jar
   * @throws IOException if it cannot be read or written
   */
  public static void main(String[] args) throws IOException {
    Path jar = Path.of(args[0]);
    FileTime time = Files.getLastModifiedTime(jar);
    try (FileSystem files = FileSystems.newFileSystem(jar)) {
      Path root = files.getPath("/");
      UpgradeClasses upgrade = new UpgradeClasses(root);
      try (Stream<Path> picocli = Files.walk(root.resolve("picocli"))) {
        List<Path> all = picocli.filter(f -> f.toString().endsWith(".class")).toList();
        for (Path file : all) {
          upgrade.file(file);
        }
      }
    }
    Files.setLastModifiedTime(jar, time);
  }

  private void file(Path file) throws IOException {
    FileTime time = Files.getLastModifiedTime(file);
    ClassTransform version =
        (builder, element) -> {
          if (element instanceof ClassFileVersion) {
            builder.withVersion(ClassFile.JAVA_8_VERSION, 0);
          } else {
            builder.with(element);
          }
        };
    // Code that is not transformed would be copied as it is, without a stack map.
    CodeTransform same = (builder, element) -> builder.with(element);
    byte[] upgraded =
        classes.transformClass(
            classes.parse(Files.readAllBytes(file)),
            version.andThen(ClassTransform.transformingMethodBodies(same)));
    Files.write(file, upgraded);
    Files.setLastModifiedTime(file, time);
  }

  /** A class of the jar; null if it is Java's. */
  private InputStream open(ClassDesc type) {
    String name = type.descriptorString();
    Path file = root.resolve(name.substring(1, name.length() - 1) + ".class");
    try {
      return Files.exists(file) ? Files.newInputStream(file) : null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
