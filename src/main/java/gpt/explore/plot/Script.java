package gpt.explore.plot;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Joins the page's modules to one script, which works in a file that is opened without a server:
 * each module after those that it imports, without the import and export words.
 */
final class Script {
  private static final Pattern IMPORT =
      Pattern.compile("(?m)^import \\{[^}]*} from \"\\./(.+)\";\\n");
  private static final Pattern EXPORT = Pattern.compile("(?m)^export ");

  private final Map<String, String> modules = new LinkedHashMap<>();

  private Script() {}

  /** The script whose main module has this name. */
  static String of(String main) {
    Script script = new Script();
    script.add(main);
    return String.join("\n", script.modules.values());
  }

  private void add(String name) {
    if (modules.containsKey(name)) {
      return;
    }
    String source = Page.resource(name);
    Matcher imports = IMPORT.matcher(source);
    while (imports.find()) {
      add(imports.group(1));
    }
    modules.put(name, EXPORT.matcher(imports.replaceAll("")).replaceAll(""));
  }
}
