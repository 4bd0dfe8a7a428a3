package gpt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks that the classes and members which the documents name exist. */
class DocumentNamesTest {
  /** {@code KvCache} or {@code Want.Probe}: begins with a capital and has a small letter. */
  private static final Pattern NAME = Pattern.compile("`([A-Z]\\w*[a-z]\\w*)(?:\\.(\\w+))?`");

  private static final List<Path> DOCUMENTS =
      Stream.of("architecture", "glossary", "library", "performance", "tornadovm")
          .map(name -> Path.of("src/site/markdown", name + ".md"))
          .toList();

  /** Names of Java's classes. */
  private static final List<String> OTHERS = List.of("System");

  @Test
  void everyClassExists() throws IOException {
    Map<String, String> sources = sources();
    List<String> missing = new ArrayList<>();
    int found = 0;
    for (Path document : DOCUMENTS) {
      Matcher name = NAME.matcher(Files.readString(document));
      while (name.find()) {
        String type = name.group(1);
        String member = name.group(2);
        String source = sources.get(type);
        if (source == null && !OTHERS.contains(type)) {
          missing.add(document.getFileName() + ": no class " + type);
        } else if (source != null
            && member != null
            && !source.matches("(?s).*\\b" + member + "\\b.*")) {
          missing.add(document.getFileName() + ": no " + member + " in " + type);
        } else {
          found++;
        }
      }
    }
    assertEquals(List.of(), missing);
    assertTrue(found > 100, "only " + found + " names found");
  }

  private static Map<String, String> sources() throws IOException {
    Map<String, String> sources = new HashMap<>();
    for (String root : List.of("src", "kernels", "benchmarks")) {
      try (Stream<Path> files = Files.walk(Path.of(root))) {
        for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
          String name = file.getFileName().toString().replace(".java", "");
          sources.merge(name, Files.readString(file), String::concat);
        }
      }
    }
    return sources;
  }
}
