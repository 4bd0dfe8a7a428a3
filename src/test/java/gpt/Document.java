package gpt;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A Markdown file with its fenced blocks, links and anchors.
 *
 * <p>An {@code sh} block holds commands. A {@code text} block directly below is what they print. A
 * command that ends with a comment {@code # needs …} is not run by the tests; the comment names
 * what it needs. A comment {@code <!-- FILE -->} above a {@code java} block names the source file
 * that holds its lines.
 *
 * @param path relative to the project's folder
 */
record Document(Path path, List<String> lines) {
  private static final Pattern LINK =
      Pattern.compile("\\[[^\\]]*\\]\\(<?([^)\\s>]+)>?[^)]*\\)|^\\[[^\\]]+\\]: *(\\S+)");
  private static final Pattern ATTRIBUTE = Pattern.compile("\\b(?:src|href)=\"([^\"]+)\"");
  private static final Pattern SOURCE = Pattern.compile("<!-- *((?:src|kernels)/\\S+\\.java) *-->");
  private static final Pattern SCHEME = Pattern.compile("^[a-z]+:.*");

  /**
   * A fenced block.
   *
   * @param language the word after the opening fence; empty if there is none
   * @param line the opening fence's line number, from 1
   * @param above the nearest line above that is not blank
   */
  record Block(String language, int line, String above, List<String> lines) {
    /** The number of the closing fence's line. */
    int end() {
      return line + lines.size() + 1;
    }
  }

  /** Commands and their output; the output is null if the document does not show it. */
  record Example(Block commands, Block output) {
    /** The lines that run, as a script. */
    String script() {
      return String.join("\n", whole().stream().filter(c -> reason(c) == null).toList());
    }

    /** The commands that do not run. */
    List<String> omitted() {
      return whole().stream().filter(c -> reason(c) != null).toList();
    }

    /** The commands, each in one line: a backslash at the end of a line continues it. */
    private List<String> whole() {
      return String.join("\n", commands.lines()).replaceAll(" *\\\\\n *", " ").lines().toList();
    }

    boolean runs() {
      return !script().isBlank();
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }

  static Document read(Path path) throws IOException {
    return new Document(path, Files.readAllLines(path));
  }

  /** README.md and every document of the site. */
  static List<Document> all() throws IOException {
    List<Document> all = new ArrayList<>(List.of(read(Path.of("README.md"))));
    try (Stream<Path> site = Files.list(Path.of("src/site/markdown"))) {
      for (Path path : site.filter(p -> p.toString().endsWith(".md")).sorted().toList()) {
        all.add(read(path));
      }
    }
    return all;
  }

  /** Why the tests do not run a command; null if they do. */
  static String reason(String command) {
    int comment = command.indexOf("# needs ");
    if (comment >= 0) {
      return command.substring(comment + 2);
    }
    return command.startsWith("./mvnw ") ? "this test is part of the build" : null;
  }

  List<Block> blocks() {
    List<Block> blocks = new ArrayList<>();
    Block open = null;
    String above = "";
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      if (open == null && line.startsWith("```")) {
        open = new Block(line.substring(3).strip(), i + 1, above, new ArrayList<>());
      } else if (open != null && line.equals("```")) {
        blocks.add(open);
        open = null;
      } else if (open != null) {
        open.lines().add(line);
      }
      above = line.isBlank() ? above : line;
    }
    if (open != null) {
      throw new AssertionError(path + ":" + open.line() + ": a block is not closed");
    }
    return blocks;
  }

  /** The {@code sh} blocks, in order. */
  List<Example> examples() {
    List<Example> examples = new ArrayList<>();
    Block commands = null;
    for (Block block : blocks()) {
      boolean below =
          commands != null
              && lines.subList(commands.end(), block.line() - 1).stream().allMatch(String::isBlank);
      if (block.language().equals("text") && below) {
        examples.set(examples.size() - 1, new Example(commands, block));
      }
      commands = block.language().equals("sh") ? block : null;
      if (commands != null) {
        examples.add(new Example(commands, null));
      }
    }
    return examples;
  }

  /** Problems of its blocks, such as output without a command, or Java that is not in its file. */
  List<String> wrongBlocks() throws IOException {
    List<String> wrong = new ArrayList<>();
    List<Block> shown = examples().stream().map(Example::output).toList();
    for (Block block : blocks()) {
      String where = path + ":" + block.line() + ": ";
      if (block.language().equals("text") && !shown.contains(block)) {
        wrong.add(where + "expected an sh block directly above this text block");
      }
      if (Set.of("shell", "bash", "console").contains(block.language())) {
        wrong.add(
            where + "expected an sh block; end a command that tests cannot run with # needs …");
      }
      Matcher source = SOURCE.matcher(block.above());
      if (block.language().equals("java") && source.matches()) {
        List<String> lines = block.lines().stream().map(String::strip).toList();
        String all = "\n" + String.join("\n", lines).strip() + "\n";
        Path named = Path.of(source.group(1));
        List<String> file =
            Files.exists(named)
                ? Files.readAllLines(named).stream().map(String::strip).toList()
                : List.of();
        if (!("\n" + String.join("\n", file) + "\n").contains(all)) {
          wrong.add(where + "its lines are not in " + source.group(1));
        }
      }
    }
    for (Example example : examples()) {
      if (example.output() != null && example.runs() && !example.omitted().isEmpty()) {
        wrong.add(
            ("%s:%s: output of a block with a command that does not run; move that command to"
                    + " another block")
                .formatted(path, example.commands().line()));
      }
    }
    return wrong;
  }

  /** Links to files and anchors of this repository that do not exist. */
  List<String> brokenLinks() throws IOException {
    List<String> broken = new ArrayList<>();
    boolean inside = false;
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      inside ^= line.startsWith("```");
      if (inside || line.startsWith("```") || line.startsWith("    ")) {
        continue;
      }
      String text = line.replaceAll("`[^`]*`", "`");
      for (String target :
          Stream.of(LINK, ATTRIBUTE)
              .flatMap(p -> p.matcher(text).results())
              .map(Document::first)
              .toList()) {
        String problem = problem(target);
        if (problem != null) {
          broken.add(path + ":" + (i + 1) + ": " + target + ": " + problem);
        }
      }
    }
    return broken;
  }

  private static String first(MatchResult match) {
    return match.group(1) != null ? match.group(1) : match.group(2);
  }

  private String problem(String target) throws IOException {
    if (SCHEME.matcher(target).matches()) {
      return null;
    }
    String[] parts = URLDecoder.decode(target.replace("+", "%2B"), UTF_8).split("#", 2);
    Document other = this;
    if (!parts[0].isEmpty()) {
      Path folder = path.getParent() == null ? Path.of("") : path.getParent();
      Path file = folder.resolve(parts[0]).normalize();
      if (!Files.exists(file)) {
        return "no such file";
      }
      if (parts.length < 2) {
        return null;
      }
      other = read(file);
    }
    return other.anchors().contains(parts[1]) ? null : "no such heading";
  }

  /** The anchors that GitHub gives the headings. */
  List<String> anchors() {
    List<String> anchors = new ArrayList<>();
    Map<String, Integer> seen = new HashMap<>();
    boolean inside = false;
    for (String line : lines) {
      inside ^= line.startsWith("```");
      if (inside || !line.matches("#{1,6} .*")) {
        continue;
      }
      String anchor =
          line.replaceFirst("#+ +", "")
              .strip()
              .replaceAll("\\[([^\\]]*)\\]\\([^)]*\\)", "$1")
              .toLowerCase(Locale.ROOT)
              .replaceAll("[^\\p{L}\\p{N} _-]", "")
              .replace(' ', '-');
      int count = seen.merge(anchor, 1, Integer::sum);
      anchors.add(count == 1 ? anchor : anchor + "-" + (count - 1));
    }
    return anchors;
  }
}
