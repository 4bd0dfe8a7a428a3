package gpt.cli.options;

import gpt.OnFull;
import gpt.load.Device;
import gpt.model.Gelu;
import gpt.model.Precision;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.TypeConversionException;

/**
 * An option's value that is one of a few lower-case words. The nested classes are those words for
 * the completion script.
 */
public final class Choice<E extends Enum<E>> implements ITypeConverter<E> {
  private final Class<E> type;

  private Choice(Class<E> type) {
    this.type = type;
  }

  /** Makes a parser read the words of every such option of its commands. */
  public static void register(CommandLine parser) {
    parser.registerConverter(Device.class, new DeviceOptions.Converter());
    for (CommandLine command : parser.getSubcommands().values()) {
      for (ArgSpec argument : command.getCommandSpec().args()) {
        for (Class<?> type : argument.auxiliaryTypes()) {
          if (type.isEnum()) {
            register(parser, type.asSubclass(Enum.class));
          }
        }
      }
    }
  }

  @SuppressWarnings({"unchecked", "rawtypes"}) // an enum's class, whichever it is
  private static void register(CommandLine parser, Class<? extends Enum> type) {
    parser.registerConverter((Class) type, new Choice(type));
  }

  @Override
  public E convert(String value) {
    return word(type, value);
  }

  /** The constant that a word stands for. */
  public static <E extends Enum<E>> E word(Class<E> type, String value) {
    for (E constant : type.getEnumConstants()) {
      if (word(constant).equals(value)) {
        return constant;
      }
    }
    throw new TypeConversionException(
        "expected " + String.join(" or ", words(type)) + ", found '" + value + "'");
  }

  public static <E extends Enum<E>> List<String> words(Class<E> type) {
    return Arrays.stream(type.getEnumConstants())
        .map(Choice::word)
        .collect(Collectors.toUnmodifiableList());
  }

  public static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  public static final class Precisions implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(Precision.class).iterator();
    }
  }

  static final class Gelus implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(Gelu.class).iterator();
    }
  }

  public static final class OnFulls implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return words(OnFull.class).iterator();
    }
  }
}
