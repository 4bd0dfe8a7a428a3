package gpt.cli.options;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Field;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.Help.Layout;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.Model.OptionSpec;

/** Groups of options. The help lists the options by group, in this order. */
public enum OptionGroup {
  MODEL("Model"),
  PROMPT("Prompt"),
  TEXT("Text"),
  LENGTH("Number, length and end of completions"),
  SAMPLING("Sampling"),
  BEAM_SEARCH("Beam search"),
  ATTENTION("Attention head"),
  ACTIVATIONS("Activations"),
  TESTS("Tests"),
  SERVER("Server"),
  DEVICE("Device"),
  OUTPUT("Output"),
  GENERAL("General");

  /**
   * The group of an option; on a class, of all its options without a group of their own.
   *
   * <p>picocli's argument groups cannot hold mixins.
   */
  @Retention(RetentionPolicy.RUNTIME)
  @Target({ElementType.FIELD, ElementType.TYPE})
  public @interface In {
    OptionGroup value();
  }

  private final String heading;

  OptionGroup(String heading) {
    this.heading = heading;
  }

  /** The group of an option. */
  static OptionGroup of(OptionSpec option) {
    Field field = (Field) option.userObject();
    In own = field.getAnnotation(In.class);
    return (own == null ? field.getDeclaringClass().getAnnotation(In.class) : own).value();
  }

  /** The options of a command below their headings. */
  public static String list(Help help) {
    List<OptionSpec> all = help.commandSpec().options();
    Map<OptionGroup, List<OptionSpec>> groups =
        all.stream()
            .collect(
                Collectors.groupingBy(
                    OptionGroup::of, () -> new EnumMap<>(OptionGroup.class), Collectors.toList()));
    ColorScheme colours = help.colorScheme();
    // Of all options: the descriptions of all groups begin in the same column.
    int names = help.calcLongOptionColumnWidth(all, List.of(), colours);
    int width = help.commandSpec().usageMessage().width();
    StringBuilder text = new StringBuilder();
    groups.forEach(
        (group, options) -> {
          Layout layout =
              new Layout(
                  colours,
                  TextTable.forDefaultColumns(colours, names, width),
                  help.createDefaultOptionRenderer(),
                  help.createDefaultParameterRenderer());
          layout.addOptions(options, help.parameterLabelRenderer());
          text.append("%n%s:%n%s".formatted(group.heading, layout));
        });
    return text.toString();
  }
}
