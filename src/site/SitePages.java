import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Writes the pages that {@code ./mvnw site} renders into {@code target/site-sources}: the documents
 * of {@code src/site/markdown} and all files that they link to, such as sources and pictures. The
 * repository's links and anchors are those of GitHub; here links are changed to the site's paths,
 * and headings get GitHub's anchors.
 *
 * <p>Fails if a link's file or heading does not exist. Run from the repository's root.
 */
public final class SitePages {
  private static final Path DOCUMENTS = Path.of("src/site/markdown");
  private static final Path IMAGES = Path.of("src/site/images");
  private static final Path PUBLIC_API = Path.of("src/main/java/gpt");
  private static final Path OUT = Path.of("target/site-sources");

  private static final Pattern LINK = Pattern.compile("]\\((?![a-z]+:)([^)#\\s]*)(#[^)\\s]*)?\\)");
  private static final Pattern HEADING = Pattern.compile("(#+) (.*)");
  private static final Pattern DECORATION =
      Pattern.compile("!?\\[([^]]*)]\\([^)]*\\)|[^\\p{L}\\p{N} _-]");

  private final Queue<Path> pending = new ArrayDeque<>();
  private final Set<Path> seen = new HashSet<>();
  private final Map<Path, Set<String>> anchors = new HashMap<>();

  /** Links to headings, with the documents that contain them. */
  private final Map<String, Path> anchorLinks = new LinkedHashMap<>();

  private final List<String> errors = new ArrayList<>();

  private SitePages() {}

  /** Writes all pages; there are no arguments. */
  public static void main(String[] args) throws IOException {
    SitePages pages = new SitePages();
    pages.write();
    if (!pages.errors.isEmpty()) {
      pages.errors.forEach(System.err::println);
      System.exit(1);
    }
  }

  private void write() throws IOException {
    if (Files.exists(OUT)) {
      try (Stream<Path> old = Files.walk(OUT)) {
        for (Path file : old.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
    copy(Path.of("src/site/site.xml"), OUT.resolve("site.xml"));
    copy(Path.of("src/site/site.css"), OUT.resolve("resources/css/site.css"));
    try (Stream<Path> documents = Files.list(DOCUMENTS)) {
      documents.sorted().forEach(this::want);
    }
    while (!pending.isEmpty()) {
      Path file = pending.remove();
      if (file.toString().endsWith(".md")) {
        writeDocument(file);
      } else if (file.toString().endsWith(".java")) {
        String source = "# " + file + "\n\n```java\n" + Files.readString(file) + "```\n";
        writeText(OUT.resolve("markdown").resolve(file + ".md"), source);
      } else {
        copy(file, OUT.resolve("resources").resolve(place(file)));
      }
    }
    anchorLinks.forEach(
        (link, from) -> {
          int hash = link.indexOf('#');
          if (!anchors.get(Path.of(link.substring(0, hash))).contains(link.substring(hash + 1))) {
            errors.add(from + ": a link to " + link + ", which has no such heading");
          }
        });
  }

  private void want(Path file) {
    if (seen.add(file)) {
      pending.add(file);
    }
  }

  private void writeDocument(Path file) throws IOException {
    StringBuilder page = new StringBuilder();
    Set<String> headings = new HashSet<>();
    String fence = null; // of the block that is open, with its language
    for (String line : Files.readAllLines(file)) {
      Matcher heading = HEADING.matcher(line);
      if (line.startsWith("```")) {
        page.append(isOutput(fence == null ? line : fence) ? "" : line);
        fence = fence == null ? line : null;
      } else if (fence != null) {
        page.append(isOutput(fence) ? "    " : "").append(line);
      } else if (heading.matches()) {
        String anchor = anchor(heading.group(2), headings);
        page.append(heading.group(1)).append(" <a id=\"").append(anchor).append("\"></a>");
        page.append(links(heading.group(2), file));
      } else {
        page.append(links(line, file));
      }
      page.append('\n');
    }
    anchors.put(file, headings);
    writeText(OUT.resolve("markdown").resolve(place(file)), page.toString());
  }

  /** Whether a block is output: it is indented, so that the skin does not colour it as code. */
  private static boolean isOutput(String fence) {
    return fence.equals("```") || fence.equals("```text");
  }

  /** A heading's anchor, as GitHub makes it. */
  private static String anchor(String heading, Set<String> taken) {
    String plain = DECORATION.matcher(heading).replaceAll("$1");
    String anchor = plain.strip().toLowerCase(Locale.ROOT).replace(' ', '-');
    String unique = anchor;
    for (int i = 1; !taken.add(unique); i++) {
      unique = anchor + "-" + i;
    }
    return unique;
  }

  private String links(String line, Path file) {
    return LINK.matcher(line)
        .replaceAll(
            link ->
                Matcher.quoteReplacement("](" + link(link.group(1), link.group(2), file) + ")"));
  }

  /** Converts a document's link to the site's. */
  private String link(String to, String anchor, Path file) {
    Path target = to.isEmpty() ? file : file.resolveSibling(to).normalize();
    if (Files.isDirectory(target)) {
      Path index = target.resolve("README.md");
      target = Files.exists(index) ? index : target.resolve("package-info.java");
    }
    if (!Files.isRegularFile(target)) {
      errors.add(file + ": a link to " + to + ", which is no file");
      return to;
    }
    String name = target.getFileName().toString();
    Path place = place(target);
    if (target.startsWith(PUBLIC_API) && target.getParent().equals(PUBLIC_API)) {
      place = Path.of("apidocs/gpt", name.replace(".java", ".html"));
    } else {
      want(target);
      if (name.endsWith(".md")) {
        place = place.resolveSibling(name.replace(".md", ".html"));
      } else if (name.endsWith(".java")) {
        place = place.resolveSibling(name + ".html");
      }
    }
    if (anchor != null && name.endsWith(".md")) {
      anchorLinks.put(target + anchor, file);
    }
    Path from = place(file).getParent();
    Path relative = from == null ? place : from.relativize(place);
    return relative.toString().replace('\\', '/') + (anchor == null ? "" : anchor);
  }

  /** The path in the site of a file of the repository. */
  private static Path place(Path file) {
    if (file.startsWith(DOCUMENTS)) {
      return DOCUMENTS.relativize(file);
    }
    return file.startsWith(IMAGES) ? Path.of("images").resolve(IMAGES.relativize(file)) : file;
  }

  private static void writeText(Path to, String text) throws IOException {
    Files.createDirectories(to.getParent());
    Files.writeString(to, text);
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to.getParent());
    Files.copy(from, to);
  }
}
