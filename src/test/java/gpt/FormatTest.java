package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.RemoveUnusedImports;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every Java file is formatted with google-java-format. {@code ./mvnw test -Dtest=FormatTest
 * -Dformat.fix=true} (or {@code scripts/format}) rewrites those that are not. It is a test and not
 * a Maven plugin because it must run on the JDK that the build finds, not on Maven's.
 */
class FormatTest {
  @Test
  void everySourceFileIsFormatted() throws Exception {
    boolean fix = Boolean.getBoolean("format.fix");
    List<Path> wrong = new ArrayList<>();
    Formatter formatter = new Formatter();
    for (Path root : List.of(Path.of("src"), Path.of("kernels"), Path.of("benchmarks"))) {
      if (!Files.isDirectory(root)) {
        continue;
      }
      List<Path> files;
      try (Stream<Path> walk = Files.walk(root)) {
        files = walk.filter(f -> f.toString().endsWith(".java")).sorted().toList();
      }
      for (Path file : files) {
        String source = Files.readString(file);
        String formatted =
            formatter.formatSourceAndFixImports(RemoveUnusedImports.removeUnusedImports(source));
        if (!formatted.equals(source)) {
          wrong.add(file);
          if (fix) {
            Files.writeString(file, formatted);
          }
        }
      }
    }
    if (!fix) {
      assertEquals(List.of(), wrong, "not formatted; run scripts/format");
    }
  }
}
